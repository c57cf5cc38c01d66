import { describe, expect, test } from 'vitest';
import type { ChangeRecord } from '../../../src/instances/ports/store.js';
import type { Data } from './data.js';
import { at, changeRecord, instanceRecord } from './records.js';

const seconds = (changes: ChangeRecord[]): number[] => changes.map(({ time }) => time.getUTCSeconds());

export function changeContract(newData: () => Data): void {
  const withInstances = async (...names: string[]) => {
    const store = await newData().open();
    for (const name of names) await store.instances.create(instanceRecord(name));
    return store;
  };

  test('a change is listed as it was recorded', async () => {
    const { changes } = await withInstances('a');
    const own = changeRecord('a', 1);
    const seen: ChangeRecord = {
      ...own,
      actor: undefined,
      origin: 'OTHER_DEVICE',
      oldValue: undefined,
      outcome: 'APPLIED',
      requestId: '',
      whatsappCode: undefined,
    };
    await changes.append([own, seen]);
    const page = await changes.list('a', { before: undefined, limit: 10 });
    expect(page).toEqual({ changes: [seen, own], next: undefined });
  });

  test('how a change turned out is told beside its outcome, the first time that is said', async () => {
    const { changes } = await withInstances('a', 'b');
    const entry: ChangeRecord = { ...changeRecord('a', 1), outcome: 'UNKNOWN' };
    const [other, elsewhere] = [
      { ...entry, setting: 'status' as const },
      { ...entry, instance: 'b' },
    ];
    await changes.append([entry, other, elsewhere]);
    const resolution = { outcome: 'APPLIED', time: new Date(5000) } as const;
    const about = { setting: entry.setting, entryTime: entry.time, resolveTime: resolution.time };
    await changes.resolve('a', { ...about, outcome: 'APPLIED' });
    await changes.resolve('a', { ...about, outcome: 'FAILED', resolveTime: new Date(9000) });
    const list = async (name: string) => (await changes.list(name, { before: undefined, limit: 9 })).changes;
    expect(await list('a')).toEqual([other, { ...entry, resolution }]);
    expect(await list('b')).toEqual([elsewhere]);
  });

  test('the newest change of each setting is unresolved as long as it is unknown', async () => {
    const { changes } = await withInstances('a', 'b');
    const unknown = (setting: 'last_seen' | 'status' | 'profile', second: number): ChangeRecord => ({
      ...changeRecord('a', second),
      setting,
      outcome: 'UNKNOWN',
    });
    const [overtaken, known, open] = [unknown('status', 1), unknown('profile', 2), unknown('last_seen', 3)];
    await changes.append([overtaken, known, open, { ...changeRecord('a', 4), setting: 'status' }]);
    await changes.append([{ ...open, instance: 'b' }]);
    await changes.resolve('a', {
      setting: 'profile',
      entryTime: known.time,
      outcome: 'FAILED',
      resolveTime: new Date(9000),
    });
    expect(await changes.unresolved('a')).toEqual([open]);
  });

  test('an instance without changes has an empty page', async () => {
    const { changes } = await withInstances('a');
    expect(await changes.list('a', { before: undefined, limit: 10 })).toEqual({
      changes: [],
      next: undefined,
    });
    expect(await changes.list('ghost', { before: undefined, limit: 10 })).toEqual({
      changes: [],
      next: undefined,
    });
  });

  test('changes are listed newest first, in the order recorded when their times are equal', async () => {
    const { changes } = await withInstances('a');
    const recorded = ['all', 'contacts', 'none'].map(newValue => ({ ...changeRecord('a', 1), newValue }));
    await changes.append(recorded.slice(0, 2));
    await changes.append(recorded.slice(2));
    const page = await changes.list('a', { before: undefined, limit: 10 });
    expect(page.changes.map(({ newValue }) => newValue)).toEqual(['none', 'contacts', 'all']);
  });

  test('pages continue where the page before ended while new changes arrive', async () => {
    const { changes } = await withInstances('a', 'b');
    await changes.append(
      [1, 2, 3, 4, 5].flatMap(second => [changeRecord('a', second), changeRecord('b', second)]),
    );
    const first = await changes.list('a', { before: undefined, limit: 2 });
    await changes.append([changeRecord('a', 6), changeRecord('b', 6)]);
    const second = await changes.list('a', { before: first.next, limit: 2 });
    await changes.append([changeRecord('a', 7)]);
    const third = await changes.list('a', { before: second.next, limit: 2 });
    expect([first, second, third].map(page => seconds(page.changes))).toEqual([[5, 4], [3, 2], [1]]);
    expect(third.next).toBeUndefined();
  });

  test('a last page that is full says that nothing follows', async () => {
    const { changes } = await withInstances('a');
    await changes.append([changeRecord('a', 1), changeRecord('a', 2)]);
    expect((await changes.list('a', { before: undefined, limit: 2 })).next).toBeUndefined();
  });

  test('a cursor that no page gave is refused as an invalid page_token', async () => {
    const { changes } = await withInstances('a');
    for (const before of ['', 'x', '-1', '1.5', '1e3', '9'.repeat(40)]) {
      await expect(changes.list('a', { before, limit: 2 })).rejects.toMatchObject({
        problem: { kind: 'INVALID_REQUEST', violations: [{ field: 'page_token', reason: 'INVALID_FORMAT' }] },
      });
    }
  });

  test('changes of an instance that is not there are dropped, others are kept', async () => {
    const { changes } = await withInstances('a');
    await changes.append([changeRecord('ghost', 1), changeRecord('a', 2)]);
    expect(seconds((await changes.list('a', { before: undefined, limit: 10 })).changes)).toEqual([2]);
    expect((await changes.list('ghost', { before: undefined, limit: 10 })).changes).toEqual([]);
  });

  test('of changes recorded together all are kept or none', async () => {
    const { changes } = await withInstances('a');
    const broken = { ...changeRecord('a', 2), newValue: null as unknown as string };
    await expect(changes.append([changeRecord('a', 1), broken, changeRecord('a', 3)])).rejects.toThrow();
    expect((await changes.list('a', { before: undefined, limit: 10 })).changes).toEqual([]);
  });

  test('changes recorded at the same time by many calls are all kept', async () => {
    const { changes } = await withInstances('a');
    await Promise.all(Array.from({ length: 30 }, (_, second) => changes.append([changeRecord('a', second)])));
    const page = await changes.list('a', { before: undefined, limit: 100 });
    expect(seconds(page.changes).sort((x, y) => x - y)).toEqual(
      Array.from({ length: 30 }, (_, second) => second),
    );
  });

  describe('pruning', () => {
    test('forgets what is older, the oldest first and no more than it was told to', async () => {
      const { changes } = await withInstances('a', 'b');
      await changes.append([3, 1, 4].map(second => changeRecord('a', second)));
      await changes.append([2, 5].map(second => changeRecord('b', second)));
      const left = async () => {
        const pages = ['a', 'b'].map(name => changes.list(name, { before: undefined, limit: 10 }));
        return (await Promise.all(pages)).map(page => seconds(page.changes));
      };
      expect(await changes.prune(at(4), 2)).toBe(2);
      expect(await left()).toEqual([[4, 3], [5]]);
      expect(await changes.prune(at(4), 2)).toBe(1);
      expect(await changes.prune(at(4), 2)).toBe(0);
      expect(await left()).toEqual([[4], [5]]);
    });

    test('leaves pages as they were, as far as their changes are there', async () => {
      const { changes } = await withInstances('a');
      await changes.append([1, 2, 3, 4].map(second => changeRecord('a', second)));
      const first = await changes.list('a', { before: undefined, limit: 1 });
      await changes.prune(at(2), 10);
      const second = await changes.list('a', { before: first.next, limit: 1 });
      expect([first, second].map(page => seconds(page.changes))).toEqual([[4], [3]]);
      await changes.prune(at(5), 10);
      await changes.append([5, 6].map(second => changeRecord('a', second)));
      expect(await changes.list('a', { before: second.next, limit: 1 })).toEqual({
        changes: [],
        next: undefined,
      });
      expect(seconds((await changes.list('a', { before: undefined, limit: 9 })).changes)).toEqual([6, 5]);
    });
  });
}
