import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { draftOf } from '../../src/stores/sqlite/back-up.js';
import { restoreBackup } from '../../src/stores/sqlite/restore.js';
import { instanceRecord, MASTER_KEY } from './contract/records.js';
import { sqliteData, temporaryFolder } from './sqlite-data.js';

const MUCH = 16 * 1024 * 1024;
const never = new AbortController().signal;

/** A store whose database takes many turns to copy. */
async function large() {
  const data = sqliteData();
  await (await data.open()).close();
  const database = new Sqlite(data.file);
  database.exec('create table much (content blob)');
  database.prepare('insert into much values (zeroblob(?))').run(MUCH);
  database.close();
  return { file: data.file, store: await data.open() };
}

const bytes = (value: number): Buffer => Buffer.from(String(value));

test('a backup is copied in shares between which others have their turn', async () => {
  const { store } = await large();
  let turns = 0;
  let isCopied = false;
  const counting = (async () => {
    while (!isCopied) {
      await setImmediate();
      turns++;
    }
  })();
  const parts = store.backUp(never)[Symbol.asyncIterator]();
  await parts.next();
  isCopied = true;
  await counting;
  await parts.return?.();
  expect(turns).toBeGreaterThan(MUCH / (512 * 1024));
});

test('a backup is of one moment, whatever is written while it is made', async () => {
  const { store } = await large();
  await store.instances.create(instanceRecord('a'));
  await store.credentials.saveLink('a', bytes(0), { phoneNumber: '+15550100123', linkTime: new Date() });
  let count = 0;
  let isCopied = false;
  const writing = (async () => {
    while (!isCopied) {
      const [id, value] = [String(++count), bytes(count)];
      await store.credentials.saveKeys('a', [
        { type: 'left', id, value },
        { type: 'right', id, value },
      ]);
      await setImmediate();
    }
  })();
  const backup = join(temporaryFolder(), 'all.backup');
  for await (const part of store.backUp(never)) {
    isCopied = true;
    appendFileSync(backup, part);
  }
  await writing;

  const { file } = sqliteData();
  const { header } = await restoreBackup({ backup, database: file, masterKeys: [MASTER_KEY], force: false });
  expect(header.databaseBytes).toBeGreaterThan(MUCH);
  const { credentials } = await sqliteData(file).open();
  const ids = Array.from({ length: count }, (_, index) => String(index + 1));
  const left = await credentials.loadKeys('a', 'left', ids);
  expect(left.size).toBeGreaterThan(0);
  expect(await credentials.loadKeys('a', 'right', ids)).toEqual(left);
  // What was written before something else that is there, is there too.
  expect([...left.keys()].sort()).toEqual(ids.slice(0, left.size).sort());
});

test('a backup that is given up in the middle leaves no file, and another can be made', async () => {
  const { store, file } = await large();
  const leaving = new AbortController();
  const parts = store.backUp(leaving.signal)[Symbol.asyncIterator]();
  const first = parts.next();
  while (!existsSync(draftOf(file))) await setImmediate();
  leaving.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  expect(existsSync(draftOf(file))).toBe(false);

  for await (const _ of store.backUp(never)) expect(existsSync(draftOf(file))).toBe(false);
});

test('what a killed process left of a backup is removed at the next start', async () => {
  const data = sqliteData();
  await (await data.open()).close();
  for (const end of ['', '-journal']) writeFileSync(`${draftOf(data.file)}${end}`, 'half of a copy');
  await data.open();
  for (const end of ['', '-journal']) expect(existsSync(`${draftOf(data.file)}${end}`)).toBe(false);
});
