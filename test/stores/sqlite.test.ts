import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { openDatabase } from '../../src/stores/sqlite/thread/open-database.js';
import { at, bytes, instanceRecord, linkedInstance, MASTER_KEY, tokenRecord } from './contract/records.js';
import { sqliteData, temporaryFolder } from './sqlite-data.js';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** All bytes in the folder of the database. */
const bytesOnDisk = (file: string): Buffer =>
  Buffer.concat(readdirSync(dirname(file)).map(name => readFileSync(join(dirname(file), name))));

describe('the database file', () => {
  test('is for this user alone, with its folder and the files beside it', async () => {
    const data = sqliteData();
    const { file } = data;
    await linkedInstance(await data.open(), 'a');
    expect(modeOf(dirname(file))).toBe('700');
    const modes = readdirSync(dirname(file)).map(name => [name, modeOf(join(dirname(file), name))]);
    expect(modes).toEqual([
      ['wa-privacy.db', '600'],
      ['wa-privacy.db-wal', '600'],
      ['wa-privacy.db.epoch', '600'],
    ]);
  });

  test('has each commit on the disk before that is told, which only a power cut would show', () => {
    const database = openDatabase(join(temporaryFolder(), 'wa-privacy.db'));
    onTestFinished(() => void database.close());
    const FULL = 2;
    expect(database.pragma('synchronous', { simple: true })).toBe(FULL);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  });

  test('is closed to others when it was open to them', async () => {
    const file = join(temporaryFolder(), 'wa-privacy.db');
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    await sqliteData(file).open();
    expect(modeOf(file)).toBe('600');
  });

  test('is closed to others with what a killed process left beside it', async () => {
    const data = sqliteData();
    await linkedInstance(await data.open(), 'a');
    const file = join(temporaryFolder(), 'wa-privacy.db');
    for (const suffix of ['', '-wal']) {
      cpSync(`${data.file}${suffix}`, `${file}${suffix}`);
      chmodSync(`${file}${suffix}`, 0o660);
    }
    const { instances } = await sqliteData(file).open();
    expect(await instances.list()).toHaveLength(1);
    expect([modeOf(file), modeOf(`${file}-wal`)]).toEqual(['600', '600']);
  });

  test('is refused when it is no database, and left as it is', async () => {
    const file = join(temporaryFolder(), 'wa-privacy.db');
    writeFileSync(file, 'a text that somebody keeps here'.repeat(100));
    await expect(sqliteStore({ file, masterKey: MASTER_KEY })).rejects.toThrow('file is not a database');
    expect(readFileSync(file, 'utf8')).toBe('a text that somebody keeps here'.repeat(100));
  });

  test('is refused when a newer version has written it', async () => {
    const data = sqliteData();
    await (await data.open()).close();
    await data.edit(db => sql`insert into kysely_migration values ('9999_future', '2030-01-01')`.execute(db));
    await expect(data.open()).rejects.toThrow('The database cannot be brought up to date');
  });

  test('never holds a secret or a phone number in the clear', async () => {
    const data = sqliteData();
    const store = await data.open();
    const secrets = ['+15550100123', '15550100456', 'the credentials', 'the Signal key', 'the answer'];
    await store.instances.create(instanceRecord('a'));
    const link = { phoneNumber: '+15550100123', linkTime: at(0) };
    await store.credentials.saveLink('a', bytes('the credentials'), link);
    await store.credentials.saveKeys('a', [
      { type: 'session', id: '15550100456.0', value: bytes('the Signal key') },
    ]);
    await store.requests.save({
      key: 'key',
      digest: Buffer.alloc(32),
      answer: bytes('the answer'),
      status: 'response',
      expireTime: at(9),
      subject: undefined,
    });
    await store.close();
    const text = bytesOnDisk(data.file).toString('latin1');
    expect(text).toContain('The a');
    expect(secrets.filter(secret => text.includes(secret))).toEqual([]);
  });
});

describe('forgetting', () => {
  test.each(['clear', 'saveLink', 'remove'] as const)(
    'after %s no trace of the data key is on disk',
    async way => {
      const data = sqliteData();
      const first = await data.open();
      await linkedInstance(first, 'a');
      await first.close();
      let dataKey: Buffer = Buffer.of();
      await data.edit(async db => {
        dataKey = (await db.selectFrom('credential').select('sealed_key').executeTakeFirstOrThrow())
          .sealed_key;
      });
      expect(bytesOnDisk(data.file).includes(dataKey)).toBe(true);

      const { credentials, instances } = await data.open();
      // Brings the page into the write-ahead log as well.
      await credentials.save('a', bytes('newer credentials'));
      expect(readFileSync(`${data.file}-wal`).includes(dataKey)).toBe(true);
      if (way === 'clear') await credentials.clear('a');
      if (way === 'saveLink') {
        await credentials.saveLink('a', bytes('new'), { phoneNumber: '', linkTime: at(1) });
      }
      if (way === 'remove') await instances.remove('a');
      expect(bytesOnDisk(data.file).includes(dataKey)).toBe(false);
    },
  );
});

test('after a change of the master key nothing on disk is under the one before', async () => {
  const data = sqliteData();
  const first = await data.open();
  for (const name of ['a', 'b']) await linkedInstance(first, name);
  await first.close();
  const sealed: Buffer[] = [];
  await data.edit(async db => {
    for (const table of ['store_key', 'credential'] as const)
      for (const row of await db.selectFrom(table).select('sealed_key').execute())
        sealed.push(row.sealed_key);
  });
  const left = () => sealed.filter(key => bytesOnDisk(data.file).includes(key)).length;
  expect(left()).toBe(3);
  await data.open(Buffer.alloc(32, 'a new master key'), MASTER_KEY);
  expect(left()).toBe(0);
});

test('data whose tokens have MACs cannot be made to pass for data of a version before', async () => {
  const data = sqliteData();
  const store = await data.open();
  await store.tokens.put({ ...tokenRecord('a'), access: 'READ_ONLY' });
  await store.close();
  await data.edit(async db => {
    await sql`delete from kysely_migration where name >= '0010'`.execute(db);
    await sql`alter table token drop column mac`.execute(db);
    await sql`update token set access = 'READ_WRITE'`.execute(db);
  });
  await expect(data.open()).rejects.toThrow('Cannot open the stored store key');
});

describe('an old backup of the database', () => {
  /** Data of which a copy was made before the last start. */
  async function restoredData() {
    const data = sqliteData();
    await (await data.open()).close();
    const backup = `${data.file}.backup`;
    cpSync(data.file, backup);
    await (await data.open()).close();
    cpSync(backup, data.file);
    return { data, witness: `${data.file}.epoch` };
  }

  test('is refused as often as it is tried, and left as it is', async () => {
    const { data } = await restoredData();
    const before = readFileSync(data.file);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(data.open()).rejects.toThrow(`${data.file} is older than what ran here last`);
    expect(readFileSync(data.file)).toEqual(before);
  });

  test('is taken when the file that the message names is deleted, and is the newest from then on', async () => {
    const { data, witness } = await restoredData();
    await expect(data.open()).rejects.toThrow(`To use it all the same, delete ${witness}`);
    rmSync(witness);
    await (await data.open()).close();
    await data.open();
  });

  test('is not seen where the newest was left by a start that was killed before it counted beside it', async () => {
    const data = sqliteData();
    await (await data.open()).close();
    await data.edit(db => db.updateTable('store_key').set({ epoch: 2 }).execute());
    await (await data.open()).close();
    expect(readFileSync(`${data.file}.epoch`, 'utf8')).toBe('3\n');
  });

  test('cannot be told by a file without a number, which is refused', async () => {
    const { data, witness } = await restoredData();
    writeFileSync(witness, 'nine');
    await expect(data.open()).rejects.toThrow(`${witness} does not hold a number`);
  });
});

describe('a write that the database refuses half way', () => {
  /** Data with a linked instance, in which the second new Signal key and the second new change cannot be written. */
  async function refusingData() {
    const data = sqliteData();
    const store = await data.open();
    await linkedInstance(store, 'a');
    await store.close();
    await data.edit(async db => {
      await sql`create trigger refuse_keys before insert on signal_key
        when (select count(*) from signal_key) = 2 begin select raise(abort, 'disk full'); end`.execute(db);
      await sql`create trigger refuse_links before update on instance
        begin select raise(abort, 'disk full'); end`.execute(db);
    });
    return data.open();
  }

  test('leaves the Signal keys as they were', async () => {
    const { credentials } = await refusingData();
    const changes = ['2', '3'].map(id => ({ type: 'session', id, value: bytes(id) }));
    await expect(credentials.saveKeys('a', changes)).rejects.toThrow('disk full');
    expect([...(await credentials.loadKeys('a', 'session', ['1', '2', '3'])).keys()]).toEqual(['1']);
  });

  test('leaves the link as it was', async () => {
    const { credentials } = await refusingData();
    const link = { phoneNumber: '+15550100999', linkTime: at(1) };
    await expect(credentials.saveLink('a', bytes('new identity'), link)).rejects.toThrow('disk full');
    expect(await credentials.load('a')).toEqual(bytes('credentials of a'));
    expect((await credentials.loadKeys('a', 'session', ['1'])).size).toBe(1);
  });
});

describe('in memory', () => {
  test('each store is its own and leaves nothing on disk', async () => {
    const folder = temporaryFolder();
    const previous = process.cwd();
    mkdirSync(join(folder, 'empty'));
    process.chdir(join(folder, 'empty'));
    try {
      const [one, two] = await Promise.all(
        [1, 2].map(() => sqliteStore({ file: ':memory:', masterKey: MASTER_KEY })),
      );
      await one?.instances.create(instanceRecord('a'));
      expect(await one?.instances.list()).toHaveLength(1);
      expect(await two?.instances.list()).toEqual([]);
      expect(readdirSync('.')).toEqual([]);
      await one?.close();
      await two?.close();
    } finally {
      process.chdir(previous);
    }
  });
});
