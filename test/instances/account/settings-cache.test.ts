import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { changedSettings, type Snapshot } from '../../../src/domain/settings/snapshot.js';
import { settingsCache } from '../../../src/instances/account/settings-cache.js';
import type { Session } from '../../../src/instances/ports/ports.js';
import { DRAINED } from '../support/drained.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const forgetTimer = vi.fn<() => void>();
/** A connection over which every read is answered at once. */
const session = {
  forgetTimer,
  offlineQueue: DRAINED,
  readPrivacy: () => {
    const snapshot: Snapshot = {
      values: {},
      others: [],
      categories: [],
      unreadable: [],
      observedAt: new Date(),
    };
    return Promise.resolve({ kind: 'read' as const, snapshot });
  },
} as Partial<Session> as Session; // No more of it is used.
const HOUR_MS = 3_600_000;

test('nothing read in the minute after an unanswered change is ever current', async () => {
  const cache = settingsCache(() => undefined);
  await cache.read(session, 1_000);
  expect(cache.current(session, HOUR_MS)).toBeDefined();
  cache.unanswered();
  expect(cache.current(session, HOUR_MS)).toBeUndefined();

  await cache.read(session, 1_000);
  vi.advanceTimersByTime(61_000);
  expect(cache.current(session, HOUR_MS)).toBeUndefined();

  await cache.read(session, 1_000);
  expect(cache.current(session, HOUR_MS)).toBeDefined();
});

test('the timer is asked for anew until the minute after an unanswered change is over', async () => {
  const cache = settingsCache(() => undefined);
  const forgotten = async () => {
    forgetTimer.mockClear();
    await cache.read(session, 1_000);
    return forgetTimer.mock.calls.length > 0;
  };
  expect(await forgotten()).toBe(false);
  cache.unanswered();
  expect(await forgotten()).toBe(true);
  vi.advanceTimersByTime(61_000);
  expect(await forgotten()).toBe(true);
  expect(await forgotten()).toBe(false);
});

/** A connection over which reads are answered when the test says so, with this value of last seen. */
function slowSession() {
  const answers: ((value: 'all' | 'none') => void)[] = [];
  const slow = {
    forgetTimer,
    offlineQueue: DRAINED,
    readPrivacy: () =>
      new Promise(resolve => {
        answers.push(last_seen =>
          resolve({
            kind: 'read',
            snapshot: {
              values: { last_seen },
              others: [],
              categories: [],
              unreadable: [],
              observedAt: new Date(),
            },
          }),
        );
      }),
  } as Partial<Session> as Session;
  return { answers, slow };
}

test('what a read that left before a confirmation shows otherwise is not current, whichever comes first', async () => {
  const { answers, slow } = slowSession();
  const cache = settingsCache(() => undefined);
  const reads = [cache.readShared(slow, 1_000), cache.readShared(slow, 1_000)];
  answers[0]?.('all');
  await reads[0];
  expect(cache.current(slow, HOUR_MS)).toBeDefined();
  cache.confirmed('last_seen', 'none');
  expect(cache.current(slow, HOUR_MS)).toBeUndefined();
  expect(cache.pending(slow)).toBeUndefined();
  answers[1]?.('all');
  await reads[1];
  expect(cache.current(slow, HOUR_MS)).toBeUndefined();

  const later = cache.read(slow, 1_000);
  answers[2]?.('all');
  await later;
  expect(cache.current(slow, HOUR_MS)).toBeDefined();
});

test('what a read that left before a confirmation shows alike is current', async () => {
  const { answers, slow } = slowSession();
  const cache = settingsCache(() => undefined);
  const read = cache.read(slow, 1_000);
  cache.confirmed('last_seen', 'none');
  answers[0]?.('none');
  await read;
  cache.confirmed('last_seen', 'none');
  expect(cache.current(slow, HOUR_MS)).toBeDefined();
});

test('an answer that was overtaken by that of a later read is not what was observed last', async () => {
  const { answers, slow } = slowSession();
  const observed: unknown[] = [];
  const cache = settingsCache((before, { values }) => observed.push([before?.values, values]));
  const reads = [cache.read(slow, 1_000), cache.read(slow, 1_000)];
  answers[1]?.('none');
  await reads[1];
  answers[0]?.('all');
  await reads[0];
  expect(observed).toEqual([[undefined, { last_seen: 'none' }]]);
  expect(cache.shownAfter(0)?.values).toEqual({ last_seen: 'none' });
});

test('a read is held against the last value known of each setting, also where the read before did not tell it', async () => {
  const told: Snapshot['values'][] = [{ last_seen: 'all' }, { status: 'all' }, { last_seen: 'none' }];
  const patchy = {
    forgetTimer,
    offlineQueue: DRAINED,
    readPrivacy: () => {
      const snapshot = {
        values: told.shift() ?? {},
        others: [],
        categories: [],
        unreadable: [],
        observedAt: new Date(),
      };
      return Promise.resolve({ kind: 'read' as const, snapshot });
    },
  } as Partial<Session> as Session;
  const changed: unknown[] = [];
  const cache = settingsCache((before, after) => changed.push(before && changedSettings(before, after)));
  for (let read = 0; read < 3; read++) await cache.read(patchy, 1_000);
  expect(changed).toEqual([undefined, [], ['last_seen']]);
});

test('nothing is current between a late answer and the read that follows it', async () => {
  const cache = settingsCache(() => undefined);
  cache.unanswered();
  await cache.read(session, 1_000);
  cache.answered();
  expect(cache.current(session, HOUR_MS)).toBeUndefined();
  await cache.read(session, 1_000);
  expect(cache.current(session, HOUR_MS)).toBeDefined();
});

test('what was read is current no longer than its oldest part can be', async () => {
  const cache = settingsCache(() => undefined);
  const trusted: Session = {
    ...session,
    offlineQueue: { ...DRAINED, trustMs: () => 600_000 },
    async readPrivacy(timeoutMs) {
      const reply = await session.readPrivacy(timeoutMs);
      return reply.kind === 'read' ? { ...reply, timerAgeMs: 590_000 } : reply;
    },
  };
  await cache.read(trusted, 1_000);
  expect(cache.current(trusted, 1)).toBeDefined();
  expect(cache.ageMs(trusted)).toBe(590_000);
  vi.advanceTimersByTime(10_001);
  expect(cache.current(trusted, HOUR_MS)).toBeUndefined();
});

test('what was read is current no longer than the silence of pushes is trusted', async () => {
  const cache = settingsCache(() => undefined);
  let trustMs = 600_000;
  const trusted: Session = { ...session, offlineQueue: { ...DRAINED, trustMs: () => trustMs } };
  await cache.read(trusted, 1_000);
  vi.advanceTimersByTime(600_000);
  expect(cache.current(trusted, HOUR_MS)).toBeDefined();
  expect(cache.ageMs(trusted)).toBe(600_000);
  trustMs = 60_000;
  expect(cache.current(trusted, HOUR_MS)).toBeUndefined();
  expect(cache.ageMs(trusted)).toBe(600_000);
  cache.invalidate();
  expect(cache.ageMs(trusted)).toBeUndefined();
});
