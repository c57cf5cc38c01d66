import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/stores/store.js';
import type { Data } from './data.js';
import { at, bytes, digestOf, linkedInstance } from './records.js';

const KEY = 'one';
const instances = ['desk', 'other', 'third'];
const beginning = { key: KEY, instances, startTime: at(0), expireTime: at(10), isFirst: true };
const page = { from: 0, limit: 10 };

/** How an instance ended; it speaks of the account of this instance. */
const ending = (status: 'response' | 'error', instance?: string) => ({
  status,
  digest: digestOf('request'),
  answer: bytes(`${status} of ${instance}`),
  expireTime: at(10),
  subject: instance === undefined ? undefined : ({ kind: 'account', instance } as const),
});

async function begun(store: Store): Promise<Store> {
  for (const name of instances) await linkedInstance(store, name, '+15550100123');
  await store.applies.begin(beginning);
  return store;
}
const answersOf = async ({ applies }: Store) =>
  (await applies.results(KEY, page)).map(({ answer }) => answer && Buffer.from(answer).toString());

export function applyContract(newData: () => Data): void {
  test('one that has begun is there with all its instances, none of which has ended', async () => {
    const { applies } = await begun(await newData().open());
    expect(await applies.find(KEY, at(1))).toEqual({
      startTime: at(0),
      endTime: undefined,
      totalCount: 3,
      succeededCount: 0,
      failedCount: 0,
    });
    expect(await applies.results(KEY, page)).toEqual(
      instances.map((instance, place) => ({ place, instance, status: undefined, answer: undefined })),
    );
    expect(await applies.find('two', at(1))).toBeUndefined();
    expect(await applies.results('two', page)).toEqual([]);
  });

  test('one about no instance is there too', async () => {
    const { applies } = await newData().open();
    await applies.begin({ ...beginning, instances: [] });
    expect(await applies.find(KEY, at(1))).toMatchObject({ totalCount: 0 });
  });

  test('its results are kept as they come, and told in order, from any place on', async () => {
    const data = newData();
    const store = await begun(await data.open());
    await store.applies.saveResult(KEY, 2, ending('error'));
    await store.applies.saveResult(KEY, 0, ending('response', 'desk'));
    await store.applies.end(KEY, at(3));
    await store.close();
    const { applies } = await data.open();
    expect(await applies.find(KEY, at(1))).toMatchObject({
      endTime: at(3),
      succeededCount: 1,
      failedCount: 1,
    });
    const [first, second, third] = await applies.results(KEY, page);
    expect(first).toEqual({
      place: 0,
      instance: 'desk',
      status: 'response',
      answer: bytes('response of desk'),
    });
    expect(second).toMatchObject({ place: 1, status: undefined });
    expect(third).toMatchObject({ place: 2, status: 'error' });
    expect(await applies.results(KEY, { from: 1, limit: 1 })).toEqual([second]);
  });

  test('one that goes on keeps its start and its results, and has no end', async () => {
    const { applies } = await begun(await newData().open());
    await applies.saveResult(KEY, 0, ending('error'));
    await applies.end(KEY, at(3));
    await applies.begin({ ...beginning, startTime: at(5), isFirst: false });
    expect(await applies.find(KEY, at(6))).toMatchObject({
      startTime: at(0),
      endTime: undefined,
      failedCount: 1,
    });
    await applies.saveResult(KEY, 0, ending('response', 'desk'));
    expect(await applies.find(KEY, at(6))).toMatchObject({ succeededCount: 1, failedCount: 0 });
  });

  test('the first of a new request under the key has nothing of the one before', async () => {
    const store = await begun(await newData().open());
    for (const place of [0, 1, 2]) await store.applies.saveResult(KEY, place, ending('error'));
    await store.applies.begin({
      ...beginning,
      instances: ['other', 'desk'],
      startTime: at(20),
      expireTime: at(30),
    });
    expect(await store.applies.find(KEY, at(21))).toMatchObject({
      startTime: at(20),
      totalCount: 2,
      failedCount: 0,
    });
    expect(await answersOf(store)).toEqual([undefined, undefined]);
  });

  test('is gone from the moment it expires, pruned or not, and pruned with its results', async () => {
    const store = await begun(await newData().open());
    const { applies } = store;
    await applies.begin({ ...beginning, key: 'two', expireTime: at(11) });
    expect(await applies.find(KEY, new Date(at(10).getTime() - 1))).toBeDefined();
    expect(await applies.find(KEY, at(10))).toBeUndefined();
    expect(await applies.prune(at(11), 1)).toBe(1);
    expect(await applies.results(KEY, page)).toEqual([]);
    expect(await applies.find('two', at(0))).toBeDefined();
    expect(await applies.prune(at(11), 1)).toBe(1);
    expect(await applies.prune(at(11), 1)).toBe(0);
  });

  describe('what a result says of an account', () => {
    const LOST: readonly (readonly [how: string, lose: (store: Store) => Promise<unknown>])[] = [
      ['it is unlinked', store => store.credentials.clear('desk')],
      ['its instance is deleted', store => store.instances.remove('desk')],
    ];

    test.each(LOST)('is forgotten when %s, and that it ended is not', async (_, lose) => {
      const store = await begun(await newData().open());
      await store.applies.saveResult(KEY, 0, ending('response', 'desk'));
      await store.applies.saveResult(KEY, 1, ending('response', 'other'));
      await lose(store);
      expect(await answersOf(store)).toEqual([undefined, 'response of other', undefined]);
      expect(await store.applies.find(KEY, at(1))).toMatchObject({ succeededCount: 2 });
    });

    test.each(LOST)('is not kept when %s before, and that it ended is', async (_, lose) => {
      const store = await begun(await newData().open());
      await lose(store);
      await store.applies.saveResult(KEY, 0, ending('response', 'desk'));
      expect(await answersOf(store)).toEqual([undefined, undefined, undefined]);
      expect(await store.applies.find(KEY, at(1))).toMatchObject({ succeededCount: 1 });
    });
  });

  test('a result moved to another place is an error', async () => {
    const data = newData();
    const store = await begun(await data.open());
    await store.applies.saveResult(KEY, 0, ending('error'));
    await store.close();
    await data.edit(db =>
      db
        .updateTable('answered_request')
        .set({ key: `${KEY}#1` })
        .execute(),
    );
    await expect((await data.open()).applies.results(KEY, page)).rejects.toThrow('answer to a request');
  });
}
