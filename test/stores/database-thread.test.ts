import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { databaseThread } from '../../src/stores/sqlite/thread/database-thread.js';
import { watchIo } from '../fire/support/io.js';
import { temporaryFolder } from './sqlite-data.js';

/** What the threads of these tests do; each waits at each point until this thread has its turn. */
const points: string[] = [];
watchIo('none', ({ moment, what }) => {
  if (moment === 'before') points.push(what);
  return undefined;
});

const step = (sql: string, ...parameters: unknown[]) => ({ sql, parameters });
const adding = (number: number) => step('insert into number values (?)', number);
const ALL = step('select value from number order by rowid');

async function open(file = join(temporaryFolder(), 'numbers.db')) {
  const database = await databaseThread(file);
  onTestFinished(() => database.close());
  await database.transact([step('create table if not exists number (value integer not null)')]);
  points.length = 0;
  const values = async () => (await database.transact([ALL])).results[0]?.rows.map(({ value }) => value);
  return { ...database, file, values };
}
const commits = () => points.filter(what => what === 'COMMIT').length;

test('a write alone waits for no other', async () => {
  const { transact } = await open();
  await transact([adding(1)]);
  expect(points).toEqual(['BEGIN', 'insert into number values (?)', 'COMMIT']);
});

test('what comes while a commit is under way goes into the next one together, in its order', async () => {
  const { transact, values } = await open();
  const numbers = Array.from({ length: 50 }, (_, index) => index);
  await Promise.all(numbers.map(number => transact([adding(number)])));
  expect(commits()).toBeLessThanOrEqual(2);
  expect(await values()).toEqual(numbers);
});

test('a read sees what was written before it, and not what is written after it', async () => {
  const { transact, values } = await open();
  const seen = await Promise.all([
    transact([adding(1)]).then(() => 'written'),
    values(),
    transact([adding(2)]).then(() => 'written'),
    values(),
  ]);
  expect(seen).toEqual(['written', [1], 'written', [1, 2]]);
});

test('what fails says how, and what stands beside it in the commit is kept', async () => {
  const { transact, values } = await open();
  const [first, second, third] = await Promise.allSettled([
    transact([adding(1)]),
    transact([adding(2), step('insert into number values (null)')]),
    transact([adding(3)]),
  ]);
  expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
  expect(second).toMatchObject({
    status: 'rejected',
    reason: { code: 'SQLITE_CONSTRAINT_NOTNULL', message: 'NOT NULL constraint failed: number.value' },
  });
  expect(await values()).toEqual([1, 3]);
});

test('closing waits for what was asked before it, and refuses what comes after it', async () => {
  const { transact, close, file } = await open();
  const written = [1, 2, 3].map(number => transact([adding(number)]));
  const closed = close();
  await expect(transact([adding(4)])).rejects.toThrow('The database is closed');
  await Promise.all([...written, closed]);
  expect(await (await open(file)).values()).toEqual([1, 2, 3]);
});
