import { describe, expect, test } from 'vitest';
import type { AnswerSubject, KeptAnswer } from '../../../src/access/ports.js';
import type { Store } from '../../../src/stores/store.js';
import type { Data } from './data.js';
import { at, bytes, digestOf, instanceRecord, linkedInstance } from './records.js';

const answered = { digest: digestOf('request'), answer: bytes('answer'), status: 'response' as const };
const kept = (key: string, expireTime: Date, subject?: AnswerSubject): KeptAnswer => ({
  ...answered,
  key,
  expireTime,
  subject,
});

export function requestContract(newData: () => Data): void {
  test('an answer is found under its key, as it was saved', async () => {
    const { requests } = await newData().open();
    await requests.save(kept('one', at(10)));
    await requests.save({ ...kept('two', at(10)), answer: bytes(''), status: 'error' });
    expect(await requests.find('one', at(0))).toEqual(answered);
    expect(await requests.find('two', at(0))).toEqual({ ...answered, answer: bytes(''), status: 'error' });
    expect(await requests.find('three', at(0))).toBeUndefined();
  });

  test('an answer is gone from the moment it expires, pruned or not', async () => {
    const { requests } = await newData().open();
    await requests.save(kept('one', at(10)));
    expect(await requests.find('one', new Date(at(10).getTime() - 1))).toEqual(answered);
    expect(await requests.find('one', at(10))).toBeUndefined();
  });

  test('a key whose answer has expired can be used again', async () => {
    const { requests } = await newData().open();
    await requests.save(kept('one', at(10)));
    await requests.save({ ...kept('one', at(40)), digest: digestOf('other'), answer: bytes('new') });
    expect(await requests.find('one', at(20))).toEqual({
      ...answered,
      digest: digestOf('other'),
      answer: bytes('new'),
    });
  });

  test('an answer is kept first when there is none by now, and not when there is', async () => {
    const { requests } = await newData().open();
    const another = { ...kept('one', at(40)), answer: bytes('another') };
    expect(await requests.saveFirst(kept('one', at(10)), at(0))).toBe(true);
    expect(await requests.saveFirst(another, at(5))).toBe(false);
    expect(await requests.find('one', at(5))).toEqual(answered);
    expect(await requests.saveFirst(another, at(10))).toBe(true);
    expect(await requests.find('one', at(10))).toEqual({ ...answered, answer: bytes('another') });
  });

  test.each([
    ['of an instance', { kind: 'instance', instance: 'desk' } as const],
    ['of nothing', undefined],
  ])('what belongs to an answer %s is not written where there is one by now', async (_, subject) => {
    const { instances, requests } = await newData().open();
    await instances.create(instanceRecord('desk'));
    const saving = (now: Date) => requests.saving(kept('one', at(10), subject), now);
    await instances.create(instanceRecord('first'), saving(at(0)));
    await expect(instances.create(instanceRecord('second'), saving(at(9)))).rejects.toThrow();
    await instances.create(instanceRecord('third'), saving(at(10)));
    expect((await instances.list()).map(({ name }) => name)).toEqual(['desk', 'first', 'third']);
  });

  describe('an answer that speaks of', () => {
    const SUBJECTS = ['instance', 'account'] as const;
    const PHONE = '+15550100123';

    /** Two linked instances with an answer of each kind. */
    async function opened() {
      const store = await newData().open();
      for (const instance of ['desk', 'other']) {
        await linkedInstance(store, instance, PHONE);
        for (const kind of SUBJECTS)
          await store.requests.save(kept(`${instance} ${kind}`, at(10), { kind, instance }));
      }
      const left = async () => {
        const keys = ['desk instance', 'desk account', 'other instance', 'other account'];
        const found = await Promise.all(keys.map(key => store.requests.find(key, at(0))));
        return keys.filter((_, index) => found[index] !== undefined);
      };
      return { store, left };
    }
    const link = (store: Store, phoneNumber: string) =>
      store.credentials.saveLink('desk', bytes('new'), { phoneNumber, linkTime: at(6) });

    test('an instance is forgotten with it', async () => {
      const { store, left } = await opened();
      await store.instances.remove('desk');
      expect(await left()).toEqual(['other instance', 'other account']);
      await store.instances.create(instanceRecord('desk'));
      expect(await left()).toEqual(['other instance', 'other account']);
    });

    test('its account is forgotten with that', async () => {
      const { store, left } = await opened();
      await store.credentials.clear('desk');
      expect(await left()).toEqual(['desk instance', 'other instance', 'other account']);
    });

    test('its account is forgotten when another one is linked, and stays when it is linked again', async () => {
      const { store, left } = await opened();
      await link(store, PHONE);
      expect(await left()).toHaveLength(4);
      await link(store, '+15550100456');
      expect(await left()).toEqual(['desk instance', 'other instance', 'other account']);
    });

    test('what has gone already is not kept', async () => {
      const { store, left } = await opened();
      await store.credentials.clear('desk');
      await store.requests.save(kept('desk account', at(10), { kind: 'account', instance: 'desk' }));
      expect(await left()).toEqual(['desk instance', 'other instance', 'other account']);
      await store.instances.remove('desk');
      await store.requests.save(kept('desk instance', at(10), { kind: 'instance', instance: 'desk' }));
      expect(await left()).toEqual(['other instance', 'other account']);
    });
  });

  test('pruning drops the expired and keeps the others', async () => {
    const data = newData();
    const store = await data.open();
    await store.requests.save(kept('past', at(10)));
    await store.requests.save(kept('soon', at(11)));
    expect(await store.requests.prune(at(10), 10)).toBe(1);
    expect(await store.requests.find('past', at(0))).toBeUndefined();
    expect(await store.requests.find('soon', at(0))).toEqual(answered);
  });

  test('pruning drops no more than it was told to, those first that expired first', async () => {
    const { requests } = await newData().open();
    for (const second of [3, 1, 2]) await requests.save(kept(`at ${second}`, at(second)));
    expect(await requests.prune(at(10), 2)).toBe(2);
    const left = await Promise.all([1, 2, 3].map(second => requests.find(`at ${second}`, at(0))));
    expect(left).toEqual([undefined, undefined, answered]);
    expect(await requests.prune(at(10), 2)).toBe(1);
    expect(await requests.prune(at(10), 2)).toBe(0);
  });

  test('an answer moved under another key is an error', async () => {
    const data = newData();
    const store = await data.open();
    await store.requests.save(kept('one', at(10)));
    await store.close();
    await data.edit(db => db.updateTable('answered_request').set({ key: 'two' }).execute());
    await expect((await data.open()).requests.find('two', at(0))).rejects.toThrow('answer to a request');
  });
}
