import { beforeEach, describe, expect, test } from 'vitest';
import type { ChangeFilter, ChangeRecord, NewChange } from '../../../src/instances/ports/history.js';
import type { Store } from '../../../src/stores/store.js';
import type { Data } from './data.js';
import { at, changeRecord, instanceRecord } from './records.js';

const seconds = (changes: readonly ChangeRecord[]): number[] =>
  changes.map(({ time }) => time.getUTCSeconds());
const ids = (changes: readonly ChangeRecord[]): number[] => changes.map(({ id }) => id);

/** What the store adds to an entry of the present instance of its name. */
const stored = (entry: NewChange, id: number): ChangeRecord => ({
  ...entry,
  id,
  instanceUid: `uid of ${entry.instance}`,
  resolution: undefined,
  resolvedId: undefined,
});

export function changeContract(newData: () => Data): void {
  let store: Store;
  beforeEach(async () => {
    store = await newData().open();
    for (const name of ['a', 'b']) await store.instances.create(instanceRecord(name));
  });
  const append = (...entries: NewChange[]) => store.changes.append(entries);
  const list = async (filter: ChangeFilter = {}, limit = 100) =>
    (await store.changes.list(filter, { after: undefined, limit })).changes;

  test('an entry is listed as it was recorded', async () => {
    const own = changeRecord('a', 1);
    const seen: NewChange = {
      ...changeRecord('a', 1, { oldValue: undefined, outcome: 'APPLIED', whatsappCode: undefined }),
      actor: undefined,
      origin: 'OTHER_DEVICE',
      requestId: '',
    };
    const revoked: NewChange = {
      ...changeRecord('', 2),
      kind: 'TOKEN_REVOKED',
      origin: undefined,
      change: undefined,
      tokenId: 't',
    };
    await append(own, seen, revoked);
    expect(await list()).toEqual([
      { ...stored(revoked, 3), instanceUid: undefined },
      stored(seen, 2),
      stored(own, 1),
    ]);
  });

  describe('how a change turned out', () => {
    const about = { instance: 'a', instanceUid: 'uid of a', setting: 'last_seen', entryTime: at(1) } as const;

    test('is told beside its outcome and in an entry of its own, once for each', async () => {
      const unknown = changeRecord('a', 1, { outcome: 'UNKNOWN' });
      const others = [
        changeRecord('a', 1, { outcome: 'UNKNOWN', setting: 'status' }),
        { ...changeRecord('b', 1), change: unknown.change },
      ];
      await append(unknown, ...others);
      await store.changes.resolve({ ...about, outcome: 'APPLIED', resolveTime: at(5) });
      await store.changes.resolve({ ...about, outcome: 'APPLIED', resolveTime: at(7) });
      await store.changes.resolve({ ...about, outcome: 'FAILED', resolveTime: at(9) });
      const told = (outcome: 'APPLIED' | 'FAILED', second: number, id: number): ChangeRecord => ({
        ...stored(changeRecord('a', second, { outcome }), id),
        kind: 'SETTING_RESOLVED',
        change: unknown.change && { ...unknown.change, outcome, whatsappCode: undefined, resends: 0 },
        resolvedId: 1,
      });
      const resolution = { outcome: 'FAILED', time: at(9) } as const;
      expect((await store.changes.listAfter({}, 0, 10)).changes).toEqual([
        { ...stored(unknown, 1), resolution },
        ...others.map((entry, index) => stored(entry, index + 2)),
        told('APPLIED', 5, 4),
        told('FAILED', 9, 5),
      ]);
    });

    test('is not told of an entry that is gone, nor of another instance that had the name', async () => {
      await append(changeRecord('a', 1, { outcome: 'UNKNOWN' }));
      await store.changes.resolve({
        ...about,
        instanceUid: 'another',
        outcome: 'APPLIED',
        resolveTime: at(5),
      });
      await store.changes.prune(at(2), 10);
      await store.changes.resolve({ ...about, outcome: 'APPLIED', resolveTime: at(5) });
      expect(await list()).toEqual([]);
      expect(await store.changes.newestId()).toBe(1);
    });

    test('is open for the newest change of each setting as long as it is unknown', async () => {
      const unknown = (setting: 'last_seen' | 'status' | 'profile', second: number) =>
        changeRecord('a', second, { setting, outcome: 'UNKNOWN' });
      await append(unknown('status', 1), unknown('profile', 2), unknown('last_seen', 3));
      await append(changeRecord('a', 4, { setting: 'status' }), {
        ...changeRecord('b', 3),
        change: unknown('last_seen', 3).change,
      });
      const known = { instance: 'a', instanceUid: 'uid of a', setting: 'profile', entryTime: at(2) } as const;
      await store.changes.resolve({ ...known, outcome: 'FAILED', resolveTime: at(9) });
      expect(await store.changes.unresolved('uid of a')).toEqual([stored(unknown('last_seen', 3), 3)]);
    });
  });

  describe('a list', () => {
    test('is empty without entries', async () => {
      expect(await store.changes.list({}, { after: undefined, limit: 10 })).toEqual({
        changes: [],
        next: undefined,
      });
    });

    test('has the entry first that was recorded last, whatever its time', async () => {
      await append(changeRecord('a', 2), changeRecord('b', 1), changeRecord('a', 2), changeRecord('a', 1));
      expect(ids(await list())).toEqual([4, 3, 2, 1]);
    });

    test('goes on where the page before ended while new entries arrive', async () => {
      await append(
        ...[1, 2, 3, 4, 5].flatMap(second => [changeRecord('a', second), changeRecord('b', second)]),
      );
      const page = (after: string | undefined) =>
        store.changes.list({ instances: ['a'] }, { after, limit: 2 });
      const first = await page(undefined);
      await append(changeRecord('a', 6), changeRecord('b', 6));
      const second = await page(first.next);
      await append(changeRecord('a', 7));
      const third = await page(second.next);
      expect([first, second, third].map(({ changes }) => seconds(changes))).toEqual([[5, 4], [3, 2], [1]]);
      expect(third.next).toBeUndefined();
    });

    test('says of a last page that is full that nothing follows', async () => {
      await append(changeRecord('a', 1), changeRecord('a', 2));
      expect((await store.changes.list({}, { after: undefined, limit: 2 })).next).toBeUndefined();
    });

    test('refuses a cursor that no page gave', async () => {
      for (const after of ['', 'x', '-1', '1.5', '1e3', '9'.repeat(40)]) {
        await expect(store.changes.list({}, { after, limit: 2 })).rejects.toMatchObject({
          problem: {
            kind: 'INVALID_REQUEST',
            violations: [{ field: 'page_token', reason: 'INVALID_FORMAT' }],
          },
        });
      }
    });

    test.each<[filter: ChangeFilter, found: number[]]>([
      [{}, [1, 2, 3, 4, 5, 6]],
      [{ instances: ['a'] }, [1, 2, 4]],
      [{ instances: ['a', 'b'] }, [1, 2, 3, 4]],
      [{ instances: [] }, []],
      [{ instances: ['a'], instanceUids: ['uid of a'] }, [1, 2]],
      [{ start: at(2) }, [2, 3, 4, 5, 6]],
      [{ end: at(2) }, [1]],
      [{ start: at(2), end: at(4) }, [2, 3]],
      [{ settings: ['status', 'profile'] }, [2]],
      [{ origins: ['OTHER_DEVICE'] }, [3]],
      [{ kinds: ['TOKEN_CREATED', 'SETTING_CHANGED'] }, [1, 2, 3, 4, 5]],
      [{ kinds: ['SETTING_CHANGED'], start: at(2), settings: ['last_seen'] }, [3, 4]],
    ])('of %j has what is as each part says, in both directions', async (filter, found) => {
      await append(
        changeRecord('a', 1),
        changeRecord('a', 2, { setting: 'status' }),
        { ...changeRecord('b', 3), origin: 'OTHER_DEVICE' },
        { ...changeRecord('a', 4), instanceUid: 'an earlier one' },
        { ...changeRecord('', 5), kind: 'TOKEN_CREATED', change: undefined, tokenId: 't' },
        { ...changeRecord('gone', 6), kind: 'INSTANCE_DELETED', change: undefined, instanceUid: 'uid' },
      );
      expect(ids(await list(filter))).toEqual(found.toReversed());
      expect(ids((await store.changes.listAfter(filter, 0, 10)).changes)).toEqual(found);
    });
  });

  describe('what comes after an id', () => {
    test('is told in the order of ids, over all instances, page by page', async () => {
      await append(changeRecord('b', 9), changeRecord('a', 1), changeRecord('b', 3));
      const first = await store.changes.listAfter({}, 0, 2);
      expect({ ...first, changes: ids(first.changes) }).toEqual({ changes: [1, 2], lookedAt: 2, more: true });
      const second = await store.changes.listAfter({}, first.lookedAt, 2);
      expect({ ...second, changes: ids(second.changes) }).toEqual({ changes: [3], lookedAt: 3, more: false });
    });

    test('has been looked at up to the newest, when nothing there matched', async () => {
      await append(changeRecord('a', 1), changeRecord('a', 2));
      expect(await store.changes.listAfter({ instances: ['b'] }, 0, 5)).toEqual({
        changes: [],
        lookedAt: 2,
        more: false,
      });
    });

    test('never has an id that was given before, also when those that had one are gone', async () => {
      await append(changeRecord('a', 1), changeRecord('a', 2));
      await store.changes.prune(at(9), 10);
      expect(await store.changes.newestId()).toBe(2);
      await append(changeRecord('a', 3));
      expect(ids(await list())).toEqual([3]);
    });
  });

  test('the history outlives its instance, and another one of the name is told from it', async () => {
    await append(changeRecord('a', 1));
    const deleted = { ...changeRecord('a', 2), kind: 'INSTANCE_DELETED', change: undefined } as const;
    await store.instances.remove('a', store.changes.appending([deleted]));
    await store.instances.create({ ...instanceRecord('a'), uid: 'second' });
    await append(changeRecord('a', 3));
    expect(seconds(await list({ instances: ['a'] }))).toEqual([3, 2, 1]);
    expect(seconds(await list({ instances: ['a'], instanceUids: ['second'] }))).toEqual([3]);
    expect(await store.changes.knows('a')).toBe(true);
    expect(await store.changes.knows('ghost')).toBe(false);
  });

  test('of entries recorded together all are kept or none, with what they are written along with', async () => {
    const broken = { ...changeRecord('a', 2), requestId: null as unknown as string };
    await expect(append(changeRecord('a', 1), broken, changeRecord('a', 3))).rejects.toThrow();
    const along = store.changes.appending([changeRecord('a', 1), broken]);
    await expect(store.instances.update('a', { displayName: 'new' }, along)).rejects.toThrow();
    await expect(store.instances.remove('a', along)).rejects.toThrow();
    expect(await list()).toEqual([]);
    expect((await store.instances.list())[0]).toEqual(instanceRecord('a'));
    await append(changeRecord('a', 4));
    expect(ids(await list())).toEqual([1]);
  });

  test('entries recorded at the same time by many calls are all kept, each with an id of its own', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, second) => append(changeRecord('a', second))));
    expect(ids((await store.changes.listAfter({}, 0, 100)).changes)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
  });

  test('growth is told after each commit with entries, whatever it was written along with', async () => {
    let grown = 0;
    const told = store.changes.onGrowth(() => grown++);
    const along = () => store.changes.appending([changeRecord('a', 1)]);
    await append(changeRecord('a', 1));
    await store.instances.update('a', { displayName: 'new' }, along());
    await store.credentials.saveLink('a', Buffer.of(1), { phoneNumber: '', linkTime: at(1) }, along());
    await store.credentials.clear('a', along());
    await store.instances.create(instanceRecord('c'), along());
    await store.instances.remove('c', along());
    expect(grown).toBe(6);
    await store.instances.update('a', { displayName: 'newer' });
    expect(await store.instances.create(instanceRecord('a'), along())).toBe(false);
    expect(grown).toBe(6);
    told[Symbol.dispose]();
    await append(changeRecord('a', 1));
    expect(grown).toBe(6);
  });

  describe('pruning', () => {
    test('forgets what is older, the oldest first and no more than it was told to', async () => {
      await append(...[3, 1, 4].map(second => changeRecord('a', second)));
      await append(...[2, 5].map(second => changeRecord('b', second)));
      expect(await store.changes.prune(at(4), 2)).toBe(2);
      expect(seconds(await list())).toEqual([5, 4, 3]);
      expect(await store.changes.prune(at(4), 2)).toBe(1);
      expect(await store.changes.prune(at(4), 2)).toBe(0);
      expect(seconds(await list())).toEqual([5, 4]);
    });

    test('leaves pages as they were, as far as their entries are there', async () => {
      await append(...[1, 2, 3, 4].map(second => changeRecord('a', second)));
      const page = (after: string | undefined) => store.changes.list({}, { after, limit: 1 });
      const first = await page(undefined);
      await store.changes.prune(at(2), 10);
      const second = await page(first.next);
      expect([first, second].map(({ changes }) => seconds(changes))).toEqual([[4], [3]]);
      await store.changes.prune(at(5), 10);
      await append(...[5, 6].map(each => changeRecord('a', each)));
      expect(await page(second.next)).toEqual({ changes: [], next: undefined });
      expect(seconds(await list())).toEqual([6, 5]);
    });
  });
}
