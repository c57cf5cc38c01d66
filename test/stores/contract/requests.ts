import { expect, test } from 'vitest';
import type { Data } from './data.js';
import { at, bytes, digestOf } from './records.js';

const answered = { digest: digestOf('request'), answer: bytes('answer'), status: 'response' as const };

export function requestContract(newData: () => Data): void {
  test('an answer is found under its key, as it was saved', async () => {
    const { requests } = await newData().open();
    await requests.save('one', answered, at(10));
    await requests.save('two', { ...answered, answer: bytes(''), status: 'error' }, at(10));
    expect(await requests.find('one', at(0))).toEqual(answered);
    expect(await requests.find('two', at(0))).toEqual({ ...answered, answer: bytes(''), status: 'error' });
    expect(await requests.find('three', at(0))).toBeUndefined();
  });

  test('an answer is gone from the moment it expires, pruned or not', async () => {
    const { requests } = await newData().open();
    await requests.save('one', answered, at(10));
    expect(await requests.find('one', new Date(at(10).getTime() - 1))).toEqual(answered);
    expect(await requests.find('one', at(10))).toBeUndefined();
  });

  test('a key whose answer has expired can be used again', async () => {
    const { requests } = await newData().open();
    await requests.save('one', answered, at(10));
    await requests.save('one', { ...answered, digest: digestOf('other'), answer: bytes('new') }, at(40));
    expect(await requests.find('one', at(20))).toEqual({
      ...answered,
      digest: digestOf('other'),
      answer: bytes('new'),
    });
  });

  test('pruning drops the expired and keeps the others', async () => {
    const data = newData();
    const store = await data.open();
    await store.requests.save('past', answered, at(10));
    await store.requests.save('soon', answered, at(11));
    await store.requests.prune(at(10));
    expect(await store.requests.find('past', at(0))).toBeUndefined();
    expect(await store.requests.find('soon', at(0))).toEqual(answered);
  });

  test('an answer moved under another key is an error', async () => {
    const data = newData();
    const store = await data.open();
    await store.requests.save('one', answered, at(10));
    await store.close();
    await data.edit(db => db.updateTable('answered_request').set({ key: 'two' }).execute());
    await expect((await data.open()).requests.find('two', at(0))).rejects.toThrow('answer to a request');
  });
}
