import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { moveStore, type Place } from '../../../src/stores/moving/move-store.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../../src/stores/store.js';
import {
  at,
  bytes,
  changeRecord,
  instanceRecord,
  linkedInstance,
  MASTER_KEY,
  tokenRecord,
} from '../contract/records.js';
import { newDatabase, openPostgres, queriesOf } from '../postgres/postgres-data.js';
import { sqliteData, temporaryFolder } from '../sqlite-data.js';

const INSTANCES = 1_200; // More than are held at a time.

/** Something in every table. */
async function fill(store: Store): Promise<void> {
  await linkedInstance(store, 'a');
  await linkedInstance(store, 'Ä', '+15550100456');
  const records = Array.from({ length: INSTANCES }, (_, index) => instanceRecord(`desk-${index}`));
  await store.instances.createEach(
    records.map(record => ({
      record: { ...record, proxy: 'http://a:b@proxy.example', labels: { env: 'x' } },
      along: [],
    })),
  );
  await store.tokens.put({ ...tokenRecord('t'), kind: 'INSTANCE', instance: 'a' });
  await store.changes.append([changeRecord('a', 1), changeRecord('Ä', 2), changeRecord('gone', 3)]);
  await store.versions.save({
    fetched: { revision: 1_060_000_000, time: at(1) },
    lookTime: at(2),
    expiration: undefined,
  });
  const kept = {
    digest: Buffer.alloc(32),
    answer: bytes('the answer'),
    status: 'response' as const,
    expireTime: at(9),
    subject: { kind: 'account' as const, instance: 'a' },
  };
  await store.requests.save({ ...kept, key: 'key' });
  const apply = { key: 'apply', instances: ['a', 'Ä'], startTime: at(1), expireTime: at(9), isFirst: true };
  await store.applies.begin(apply);
  await store.applies.saveResult('apply', 0, kept);
}

/** What a store holds, as its callers see it. */
const seen = async (store: Store) => ({
  instances: await store.instances.list(),
  credentials: [await store.credentials.load('a'), await store.credentials.load('Ä')],
  keys: await store.credentials.loadKeys('a', 'session', ['1']),
  token: await store.tokens.find('t'),
  changes: await store.changes.list({}, { after: undefined, limit: 10 }),
  newest: await store.changes.newestId(),
  answer: await store.requests.find('key', at(1)),
  apply: await store.applies.find('apply', at(1)),
  results: await store.applies.results('apply', { from: 0, limit: 10 }),
  versions: await store.versions.load(),
  key: store.deriveKey('tokens'),
});

async function filledFile() {
  const data = sqliteData();
  const store = await data.open();
  await fill(store);
  const before = await seen(store);
  await store.close();
  return { file: data.file, place: { kind: 'sqlite', file: data.file } as Place, before };
}

const openFile = async (file: string) => {
  const store = await sqliteStore({ file, masterKey: MASTER_KEY });
  onTestFinished(() => store.close());
  return store;
};

test('a store goes from SQLite to PostgreSQL and back, and is the same', async () => {
  const { file, place, before } = await filledFile();
  const url = await newDatabase();
  const moved = await moveStore(place, { kind: 'postgres', url }, MASTER_KEY);
  expect(moved.damaged).toEqual([]);
  expect(moved.tables.instance.rows).toBe(INSTANCES + 2);
  expect(Object.values(moved.tables).filter(({ rows }) => rows === 0)).toEqual([]);
  expect(existsSync(file)).toBe(false);
  expect(existsSync(moved.keptAs ?? '')).toBe(true);

  const there = await openPostgres(url);
  expect(await seen(there)).toEqual(before);
  await there.changes.append([changeRecord('a', 4)]);
  expect(await there.changes.newestId()).toBe(before.newest + 1);
  await there.close();

  const back = join(temporaryFolder(), 'wa-privacy.db');
  const { keptAs } = await moveStore({ kind: 'postgres', url }, { kind: 'sqlite', file: back }, MASTER_KEY);
  expect(keptAs).toBeUndefined();
  const again = await openFile(back);
  expect(await seen(again)).toMatchObject({
    ...before,
    newest: before.newest + 1,
    changes: expect.anything(),
  });
});

describe('a move is refused, and changes nothing,', () => {
  test('from a file that a service uses', async () => {
    const { file, place, before } = await filledFile();
    const service = await openFile(file);
    const url = await newDatabase();
    await expect(moveStore(place, { kind: 'postgres', url }, MASTER_KEY)).rejects.toThrow(
      'Another wa-privacy uses this data folder',
    );
    expect(await seen(service)).toEqual(before);
    expect(await (await openPostgres(url)).instances.list()).toEqual([]);
  });

  test('to a database that a service uses', async () => {
    const { file, place, before } = await filledFile();
    const url = await newDatabase();
    const service = await openPostgres(url);
    await expect(moveStore(place, { kind: 'postgres', url }, MASTER_KEY)).rejects.toThrow(
      'Another wa-privacy uses this database',
    );
    expect(await service.instances.list()).toEqual([]);
    expect(await seen(await openFile(file))).toEqual(before);
  });

  test('to a database that has data', async () => {
    const { file, place, before } = await filledFile();
    const url = await newDatabase();
    await (await openPostgres(url)).close();
    await expect(moveStore(place, { kind: 'postgres', url }, MASTER_KEY)).rejects.toThrow('has data already');
    expect(await seen(await openFile(file))).toEqual(before);
  });

  test('with another master key', async () => {
    const { file, place, before } = await filledFile();
    const url = await newDatabase();
    await expect(moveStore(place, { kind: 'postgres', url }, Buffer.alloc(32, 1))).rejects.toThrow(
      'The master key is not the one',
    );
    expect(await seen(await openFile(file))).toEqual(before);
  });

  test('from where there is nothing', async () => {
    const file = join(temporaryFolder(), 'wa-privacy.db');
    const to = { kind: 'postgres', url: await newDatabase() } as const;
    await expect(moveStore({ kind: 'sqlite', file }, to, MASTER_KEY)).rejects.toThrow('is not there');
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  test('when a row does not come back as it was written', async () => {
    const { file, place, before } = await filledFile();
    const url = await newDatabase();
    const db = queriesOf(url);
    onTestFinished(() => db.destroy());
    // Its values come back longer.
    await db.schema.alterTable('privacy_change').dropColumn('request_id').execute();
    await db.schema.alterTable('privacy_change').addColumn('request_id', 'char(40)').execute();
    onTestFinished(() =>
      db.schema
        .alterTable('privacy_change')
        .alterColumn('request_id', column => column.setDataType('text'))
        .execute(),
    );
    await expect(moveStore(place, { kind: 'postgres', url }, MASTER_KEY)).rejects.toThrow(
      'Table privacy_change does not come back as it was written',
    );
    expect(await db.selectFrom('instance').selectAll().execute()).toEqual([]);
    expect(await seen(await openFile(file))).toEqual(before);
  });
});

test('what was damaged before is moved as it was, and told', async () => {
  const data = sqliteData();
  const store = await data.open();
  await linkedInstance(store, 'a');
  await linkedInstance(store, 'b', '+15550100456');
  await store.tokens.put(tokenRecord('t'));
  await store.close();
  await data.edit(db =>
    db
      .updateTable('credential')
      .set({ sealed_key: Buffer.from('x') })
      .where('instance', '=', 'a')
      .execute(),
  );
  await data.edit(db => db.updateTable('token').set({ access: 'READ_ONLY' }).execute());
  const url = await newDatabase();
  const { damaged } = await moveStore(
    { kind: 'sqlite', file: data.file },
    { kind: 'postgres', url },
    MASTER_KEY,
  );
  expect(damaged).toEqual([
    'Cannot open the stored data key of instance a: it was changed or belongs elsewhere',
    'Token t was edited',
  ]);
  const there = await openPostgres(url);
  await expect(there.credentials.load('a')).rejects.toThrow('data key of instance a');
  expect(await there.credentials.load('b')).toEqual(bytes('credentials of b'));
  expect(await there.tokens.find('t')).toBeUndefined();
});
