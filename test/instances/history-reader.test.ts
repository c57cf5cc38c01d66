import { beforeEach, expect, test } from 'vitest';
import type { Labels } from '../../src/domain/labels/labels.js';
import { matches, type Selector } from '../../src/domain/labels/selector.js';
import { historyReader } from '../../src/instances/history-reader.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../src/stores/store.js';
import { changeRecord, instanceRecord, MASTER_KEY } from '../stores/contract/records.js';

const PROD: Selector = [{ key: 'env', must: 'in', values: ['prod'] }];

let store: Store;
let present: { name: string; uid: string; labels: Labels }[];
/** When memory has what the store has. */
let caughtUp = Promise.resolve();
beforeEach(async () => {
  store = await sqliteStore({ file: ':memory:', masterKey: MASTER_KEY });
  present = [];
  caughtUp = Promise.resolve();
  for (const name of ['a', 'b']) await make(name, `uid of ${name}`);
});

async function make(name: string, uid: string) {
  await store.instances.create({ ...instanceRecord(name), uid });
  present.push({ name, uid, labels: { env: 'prod' } });
}
const feedOf = (names: string[], selector: Selector) =>
  historyReader(
    selected => present.filter(({ labels }) => matches(selected, labels)),
    store.changes,
    () => caughtUp,
  ).feed({ selection: { names, selector }, isAccount: false }, 0);
const relabel = (name: string, labels: Labels) => {
  present = present.map(each => (each.name === name ? { ...each, labels } : each));
};

test('of an instance that leaves what was read ahead is not told, and of the others it is', async () => {
  await store.changes.append([changeRecord('a', 1), changeRecord('a', 2), changeRecord('b', 3)]);
  const feed = await feedOf([], PROD);
  expect((await feed.next())?.id).toBe(1);
  relabel('a', { env: 'dev' });
  expect((await feed.next())?.id).toBe(3);
  expect(await feed.next()).toBeUndefined();
});

test('of an instance that leaves while its entries are read nothing is told', async () => {
  await store.changes.append([changeRecord('a', 1)]);
  const feed = await feedOf([], PROD);
  const next = feed.next();
  relabel('a', {});
  expect(await next).toBeUndefined();
});

test('of another instance that is given a name who watches the name is not told', async () => {
  await store.changes.append([changeRecord('a', 1)]);
  const feed = await feedOf(['a'], []);
  expect((await feed.next())?.id).toBe(1);
  present = present.filter(({ name }) => name !== 'a');
  await store.instances.remove('a', []);
  await make('a', 'another');
  using _growth = feed.onGrowth(() => undefined);
  await store.changes.append([changeRecord('a', 2)]);
  expect(feed.mayHaveNext()).toBe(true);
  expect(await feed.next()).toBeUndefined();
});

test('of an instance that memory does not know yet what was written is told once it does', async () => {
  const feed = await feedOf([], PROD);
  using _growth = feed.onGrowth(() => undefined);
  const { promise, resolve } = Promise.withResolvers<void>();
  caughtUp = promise;
  await store.instances.create(instanceRecord('c'));
  await store.changes.append([changeRecord('c', 1), changeRecord('a', 2)]);
  const next = feed.next();
  await store.changes.newestId(); // Asked after the feed has asked: what follows is written while it waits.
  await store.instances.create(instanceRecord('d'));
  await store.changes.append([changeRecord('d', 3)]);
  present.push({ name: 'c', uid: 'uid of c', labels: { env: 'prod' } });
  resolve();
  expect((await next)?.id).toBe(1);
  expect((await feed.next())?.id).toBe(2);
  present.push({ name: 'd', uid: 'uid of d', labels: { env: 'prod' } });
  expect((await feed.next())?.id).toBe(3);
});
