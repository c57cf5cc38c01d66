import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import type { Origin } from '../../../src/instances/ports/history.js';
import { type WatchHub, watchHub } from '../../../src/instances/watching/watch-hub.js';
import type { WatchEvent } from '../../../src/instances/watching/watch-reader.js';
import { newWatched, type Watched } from '../../../src/instances/watching/watched-state.js';

const HEARTBEAT_MS = 30_000;
const NONE = new Map();
const snapshot = (values: Snapshot['values'], rest: Partial<Snapshot> = {}): Snapshot => ({
  values,
  others: [],
  categories: [],
  unreadable: [],
  observedAt: new Date('2026-01-31T12:00:00Z'),
  ...rest,
});
const ALL = snapshot({ last_seen: 'all', profile: 'all' });
const HIDDEN = snapshot({ last_seen: 'none', profile: 'all' });
const OFFLINE = { reason: 'INSTANCE_NOT_CONNECTED', message: 'offline' } as const;
const by = (origin: Origin, ...settings: ('last_seen' | 'profile')[]) =>
  new Map(settings.map(setting => [setting, origin]));

const named = (name: string, uid = name) =>
  newWatched({ name, uid }, () => ({ [Symbol.dispose]: () => undefined }));

let hub: WatchHub;
let desk: Watched;
let leave: AbortController;
beforeEach(() => {
  vi.useFakeTimers();
  hub = watchHub();
  leave = new AbortController();
  desk = named('desk');
  hub.added(desk);
});
afterEach(() => {
  leave.abort();
  vi.useRealTimers();
});

/** A reader, of this instance or of all, that takes an event only when told to. */
function read(only?: Watched) {
  const events = hub
    .watch(
      { candidates: [desk], uids: only && new Set([only.uid]), selector: [], feed: undefined },
      HEARTBEAT_MS,
      leave.signal,
    )
    [Symbol.asyncIterator]();
  const nothing = Symbol('nothing yet');
  let pending: Promise<IteratorResult<WatchEvent>> | undefined;
  /** All that is there to be taken now. */
  const take = async (): Promise<WatchEvent[]> => {
    const taken: WatchEvent[] = [];
    for (;;) {
      pending ??= events.next();
      const settled = await Promise.race([pending, vi.advanceTimersByTimeAsync(0).then(() => nothing)]);
      if (typeof settled === 'symbol') return taken;
      pending = undefined;
      if (settled.done) return taken;
      taken.push(settled.value);
    }
  };
  return { take, pending: () => pending };
}

describe('a reader', () => {
  test('gets the settings first, then each change with those that differ and who made it', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    expect(await take()).toEqual([{ kind: 'snapshot', instance: 'desk', settings: ALL }]);
    hub.observed(desk, HIDDEN, by('OTHER_DEVICE', 'last_seen'));
    const change = { kind: 'change', instance: 'desk', settings: HIDDEN, changed: ['last_seen'] };
    expect(await take()).toEqual([{ ...change, origin: 'OTHER_DEVICE' }]);
  });

  test('gets nothing of an instance that was not read yet, and nothing of a read that shows no change', async () => {
    const { take } = read();
    expect(await take()).toEqual([]);
    hub.observed(desk, ALL, NONE);
    expect(await take()).toHaveLength(1);
    hub.observed(desk, { ...ALL, observedAt: new Date() }, NONE);
    expect(await take()).toEqual([]);
  });

  test('gets a change without settings when another category differs', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    await take();
    const settings = snapshot(ALL.values, { others: [{ category: 'pix', value: 'all' }] });
    hub.observed(desk, settings, NONE);
    expect(await take()).toEqual([
      { kind: 'change', instance: 'desk', changed: [], settings, origin: undefined },
    ]);
  });

  test('does not take a setting that cannot be read any more for changed', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    await take();
    const settings = snapshot(
      { profile: 'all' },
      { unreadable: [{ category: 'last', code: 500, text: '' }] },
    );
    hub.observed(desk, settings, NONE);
    expect(await take()).toMatchObject([{ kind: 'change', changed: [] }]);
    hub.observed(desk, HIDDEN, NONE);
    expect(await take()).toMatchObject([{ kind: 'change', changed: ['last_seen'], origin: undefined }]);
  });

  test('takes a setting that the account does not report any more for changed', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    await take();
    hub.observed(desk, snapshot({ profile: 'all' }), by('OTHER_DEVICE', 'last_seen'));
    expect(await take()).toMatchObject([{ kind: 'change', changed: ['last_seen'], origin: 'OTHER_DEVICE' }]);
  });

  test('is told why an instance cannot be followed, once, and gets its settings when it can again', async () => {
    hub.unavailable(desk, OFFLINE);
    const { take } = read();
    expect(await take()).toEqual([{ kind: 'unavailable', instance: 'desk', ...OFFLINE }]);
    hub.unavailable(desk, OFFLINE);
    expect(await take()).toEqual([]);
    const loggedOut = { reason: 'INSTANCE_LOGGED_OUT', message: 'logged out' } as const;
    hub.unavailable(desk, loggedOut);
    expect(await take()).toEqual([{ kind: 'unavailable', instance: 'desk', ...loggedOut }]);
    hub.observed(desk, ALL, NONE);
    expect(await take()).toEqual([{ kind: 'snapshot', instance: 'desk', settings: ALL }]);
  });

  test('of some hears of no others, and of all also of later ones', async () => {
    const [some, all] = [read(desk), read()];
    await Promise.all([some.take(), all.take()]);
    const bot = named('bot');
    hub.added(bot);
    hub.observed(bot, ALL, NONE);
    expect(await some.take()).toEqual([]);
    expect(await all.take()).toEqual([{ kind: 'snapshot', instance: 'bot', settings: ALL }]);
  });

  test('is told of a deletion, and then nothing more', async () => {
    hub.observed(desk, ALL, NONE);
    const [some, all] = [read(desk), read()];
    await Promise.all([some.take(), all.take()]);
    hub.removed(desk);
    hub.unavailable(desk, OFFLINE);
    for (const { take } of [some, all])
      expect(await take()).toMatchObject([{ kind: 'unavailable', reason: 'INSTANCE_NOT_FOUND' }]);
    const another = named('desk', 'another');
    hub.added(another);
    hub.observed(another, HIDDEN, NONE);
    expect(await some.take()).toEqual([]);
    expect(await all.take()).toEqual([{ kind: 'snapshot', instance: 'desk', settings: HIDDEN }]);
  });

  test('gets a heartbeat when nothing happened for so long, whatever happened unseen', async () => {
    const { take } = read();
    await take();
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS - 1000);
    hub.observed(desk, ALL, NONE);
    expect(await take()).toMatchObject([{ kind: 'snapshot' }]);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS - 1000);
    hub.unavailable(desk, OFFLINE);
    hub.observed(desk, ALL, NONE);
    expect(await take()).toMatchObject([{ kind: 'snapshot' }]);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    expect(await take()).toEqual([{ kind: 'heartbeat' }]);
    expect(await take()).toEqual([]);
  });

  test('who leaves is at the end of the iteration', async () => {
    const { take, pending } = read();
    await take();
    leave.abort();
    expect(await pending()).toEqual({ done: true, value: undefined });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a reader who falls behind', () => {
  test('gets the newest state of each instance, with all that differs', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    await take();
    for (let step = 0; step < 1000; step++) {
      hub.observed(desk, HIDDEN, by('OTHER_DEVICE', 'last_seen'));
      hub.observed(desk, ALL, by('THIS_SERVICE', 'last_seen'));
    }
    expect(await take()).toEqual([]);
    hub.observed(desk, snapshot({ last_seen: 'none', profile: 'all' }), by('OTHER_DEVICE', 'last_seen'));
    const settings = snapshot({ last_seen: 'none', profile: 'none' });
    hub.observed(desk, settings, by('OTHER_DEVICE', 'profile'));
    const change = { kind: 'change', instance: 'desk', changed: ['last_seen', 'profile'], settings };
    expect(await take()).toEqual([{ ...change, origin: 'OTHER_DEVICE' }]);
  });

  test('is not told who made changes that different devices made', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    await take();
    hub.observed(desk, HIDDEN, by('OTHER_DEVICE', 'last_seen'));
    hub.observed(desk, snapshot({ last_seen: 'none', profile: 'none' }), by('THIS_SERVICE', 'profile'));
    expect(await take()).toMatchObject([{ changed: ['last_seen', 'profile'], origin: undefined }]);
  });

  test('gets all settings again when another account may be behind the instance', async () => {
    hub.observed(desk, ALL, NONE);
    const { take } = read();
    await take();
    hub.unavailable(desk, OFFLINE);
    hub.observed(desk, ALL, NONE);
    expect(await take()).toEqual([{ kind: 'snapshot', instance: 'desk', settings: ALL }]);
  });

  test('does not collect the instances that come and go', async () => {
    const { take } = read();
    await take();
    for (let index = 0; index < 1000; index++) {
      const bot = named(`bot-${index}`);
      hub.added(bot);
      hub.observed(bot, ALL, NONE);
      hub.removed(bot);
    }
    expect(await take()).toEqual([]);
  });
});
