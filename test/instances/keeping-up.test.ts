import { beforeEach, describe, expect, test } from 'vitest';
import { matches, type Selector } from '../../src/domain/labels/selector.js';
import { lifecycleEntry } from '../../src/instances/account/lifecycle.js';
import { historyReader } from '../../src/instances/history-reader.js';
import { keepingUp } from '../../src/instances/keeping-up.js';
import type { InstanceRecord } from '../../src/instances/ports/store.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../src/stores/store.js';
import { changeRecord, instanceRecord, MASTER_KEY } from '../stores/contract/records.js';

const PROD: Selector = [{ key: 'env', must: 'in', values: ['prod'] }];

let store: Store;
/** What this node knows, which has heard nothing from the others. */
let known: Map<string, InstanceRecord>;
let keepUp: () => Promise<void>;
let finds: number;

beforeEach(async () => {
  store = await sqliteStore({ file: ':memory:', masterKey: MASTER_KEY });
  known = new Map();
  finds = 0;
  const counting = {
    find(names: readonly string[]) {
      finds++;
      return store.instances.find(names);
    },
  };
  keepUp = keepingUp(
    store.changes,
    counting,
    (records, gone) => {
      for (const record of records) known.set(record.name, record);
      for (const name of gone) known.delete(name);
    },
    await store.changes.newestId(),
  );
});

/** Done by another node: it writes the entry with what that is about. */
const others = {
  async make(name: string, env = 'prod') {
    const record = { ...instanceRecord(name), labels: { env } };
    await store.instances.create(
      record,
      store.changes.appending([lifecycleEntry('INSTANCE_CREATED', record, undefined)]),
    );
  },
  async relabel(name: string, env: string) {
    const entry = lifecycleEntry('INSTANCE_UPDATED', instanceRecord(name), undefined);
    await store.instances.update(name, { labels: { env } }, store.changes.appending([entry]));
  },
  async remove(name: string) {
    const entry = lifecycleEntry('INSTANCE_DELETED', instanceRecord(name), undefined);
    await store.instances.remove(name, store.changes.appending([entry]));
  },
};
const change = (name: string, second: number) =>
  store.changes.append([{ ...changeRecord(name, second), instanceUid: `uid of ${name}` }]);

async function idsOf(startAfter = 0): Promise<number[]> {
  const feed = await historyReader(
    selector => [...known.values()].filter(({ labels }) => matches(selector, labels)),
    store.changes,
    keepUp,
  ).feed({ selection: { names: [], selector: PROD }, isAccount: false }, startAfter);
  const ids: number[] = [];
  for (let entry = await feed.next(); entry; entry = await feed.next()) ids.push(entry.id);
  return ids;
}

describe('a history of what matches some labels', () => {
  test('has the entries of an instance that another node made, of which nothing was heard', async () => {
    await others.make('a');
    await change('a', 1);
    expect(await idsOf()).toEqual([1, 2]);
  });

  test('has none of an instance that another node has given other labels, or removed', async () => {
    for (const name of ['a', 'b', 'c']) await others.make(name);
    await keepUp();
    await others.relabel('a', 'dev');
    await others.remove('b');
    await change('c', 1);
    expect(await idsOf()).toEqual([3, 6]);
  });
});

test('what has been read is not read again', async () => {
  await others.make('a');
  await keepUp();
  await keepUp();
  await change('a', 1);
  await keepUp();
  expect(finds).toBe(1);
});

test('who asks while it is read may ask for what comes behind that, and gets it', async () => {
  await others.make('a');
  const first = keepUp();
  await others.make('b');
  await Promise.all([first, keepUp(), keepUp()]);
  expect([...known.keys()]).toEqual(['a', 'b']);
});

test('a store that is away is asked again by who asks next', async () => {
  await others.make('a');
  const { find } = store.instances;
  store.instances.find = async () => {
    throw new Error('away');
  };
  await expect(keepUp()).rejects.toThrow('away');
  store.instances.find = find;
  await keepUp();
  expect([...known.keys()]).toEqual(['a']);
});
