import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeFilter, ChangeRecord } from '../../src/instances/ports/history.js';
import { historyFeed } from '../../src/instances/watching/history-feed.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { at, changeRecord, instanceRecord, MASTER_KEY } from './contract/records.js';

/** Which entries a consumer follows, as a filter of the store and once more by itself. */
const CONSUMERS: [filter: ChangeFilter, wants: (entry: ChangeRecord) => boolean][] = [
  [{}, () => true],
  [{ instances: ['a'] }, ({ instance }) => instance === 'a'],
  [{ instances: ['b'], instanceUids: ['uid of b'] }, ({ instance }) => instance === 'b'],
  [{ kinds: ['SETTING_RESOLVED'] }, ({ kind }) => kind === 'SETTING_RESOLVED'],
];

const step = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    instance: fc.constantFrom('a', 'b'),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ do: fc.constant('resolve' as const), nth: fc.nat(50) }),
  fc.record({ do: fc.constant('prune' as const), limit: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    do: fc.constant('read' as const),
    consumer: fc.nat(CONSUMERS.length - 1),
    limit: fc.integer({ min: 1, max: 3 }),
  }),
);

test('who follows the history by ids is told each entry once, whatever is written and pruned meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const store = await sqliteStore({ file: ':memory:', masterKey: MASTER_KEY });
      for (const name of ['a', 'b']) await store.instances.create(instanceRecord(name));
      const consumers = CONSUMERS.map(([filter, wants]) => ({
        filter,
        wants,
        position: 0,
        told: [] as ChangeRecord[],
        feed: historyFeed(
          (...page) => store.changes.listAfter(filter, ...page),
          () => filter,
          0,
          store.changes.onGrowth,
        ),
        fed: [] as ChangeRecord[],
      }));
      for (const { feed } of consumers) feed.onGrowth(() => undefined);
      /** All that was ever written, and who could not read it any more. */
      const written = new Map<number, ChangeRecord>();
      const missed = new Map<number, Set<number>>();
      let now = 0;

      async function look() {
        const { changes } = await store.changes.listAfter({}, 0, 10_000);
        for (const entry of changes) written.set(entry.id, entry);
        return changes;
      }
      async function read({ told, filter, position }: (typeof consumers)[number], limit: number) {
        const page = await store.changes.listAfter(filter, position, limit);
        told.push(...page.changes);
        return page;
      }
      for (const one of steps) {
        if (one.do === 'append')
          await store.changes.append(
            Array.from({ length: one.count }, () =>
              changeRecord(one.instance, ++now, { outcome: 'UNKNOWN' }),
            ),
          );
        const kept = await look();
        if (one.do === 'resolve') {
          const entry = kept[one.nth % Math.max(kept.length, 1)];
          if (entry?.change && entry.kind === 'SETTING_CHANGED')
            await store.changes.resolve({
              instance: entry.instance,
              instanceUid: entry.instanceUid ?? '',
              setting: entry.change.setting,
              entryTime: entry.time,
              outcome: 'APPLIED',
              resolveTime: at(++now),
            });
          await look();
        }
        if (one.do === 'prune') {
          await store.changes.prune(at(now), one.limit);
          const left = new Set((await look()).map(({ id }) => id));
          for (const { id } of kept)
            if (!left.has(id))
              missed.set(
                id,
                new Set(consumers.flatMap(({ position }, index) => (position < id ? [index] : []))),
              );
        }
        if (one.do === 'read') {
          const consumer = consumers[one.consumer];
          if (!consumer) continue;
          consumer.position = (await read(consumer, one.limit)).lookedAt;
          const entry = await consumer.feed.next();
          if (entry) consumer.fed.push(entry);
        }
      }
      for (const [index, consumer] of consumers.entries()) {
        for (let isBehind = true; isBehind; ) {
          const page = await read(consumer, 2);
          consumer.position = page.lookedAt;
          isBehind = page.more;
        }
        const ids = consumer.told.map(({ id }) => id);
        const expected = [...written.values()]
          .filter(entry => consumer.wants(entry) && !missed.get(entry.id)?.has(index))
          .map(({ id }) => id);
        expect(ids).toEqual(expected.toSorted((x, y) => x - y));

        for (let entry = await consumer.feed.next(); entry; entry = await consumer.feed.next())
          consumer.fed.push(entry);
        const fed = consumer.fed.map(({ id }) => id);
        expect(fed).toEqual([...new Set(fed)].toSorted((x, y) => x - y));
        const kept = (await look()).filter(consumer.wants).map(({ id }) => id);
        expect(fed).toEqual(expect.arrayContaining(kept));
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});

test('a page is found by an index, whatever is asked, and looks at no more than it may', async () => {
  const store = await sqliteStore({ file: ':memory:', masterKey: MASTER_KEY });
  await store.instances.create(instanceRecord('a'));
  await store.changes.append(Array.from({ length: 25_000 }, (_, second) => changeRecord('a', second)));
  await store.changes.append([changeRecord('a', 25_000, { setting: 'status' })]);
  const found: number[] = [];
  const pages: number[] = [];
  let next: string | undefined;
  do {
    const page = await store.changes.list({ origins: ['OTHER_DEVICE'] }, { after: next, limit: 10 });
    found.push(...page.changes.map(({ id }) => id));
    pages.push(page.changes.length);
    next = page.next;
  } while (next !== undefined);
  expect(found).toEqual([]);
  expect(pages).toEqual([0, 0, 0]);

  const ascending: number[] = [];
  for (let position = 0, isBehind = true; isBehind; ) {
    const page = await store.changes.listAfter({ settings: ['status'] }, position, 10);
    ascending.push(...page.changes.map(({ id }) => id));
    position = page.lookedAt;
    isBehind = page.more;
  }
  expect(ascending).toEqual([25_001]);
  await store.close();
});
