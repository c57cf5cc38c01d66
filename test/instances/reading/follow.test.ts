import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Problem } from '../../../src/domain/errors.js';
import type { Account } from '../../../src/instances/account/account.js';
import { budget as budgetOf, type Iqs } from '../../../src/instances/account/budget.js';
import { settingsCache } from '../../../src/instances/account/settings-cache.js';
import { throttle } from '../../../src/instances/account/throttle.js';
import type { ReadReply, Session } from '../../../src/instances/ports/ports.js';
import { follow } from '../../../src/instances/reading/follow.js';
import { DRAINED } from '../support/drained.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5); // No jitter.
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An account whose reads are answered at once, as `answer` says; and when they were made, in seconds. */
function followed(answer: () => ReadReply | Promise<ReadReply>, perHour: Iqs = { sets: 0, reads: 0 }) {
  const reads: number[] = [];
  const began = Date.now();
  const newSession = () =>
    ({
      offlineQueue: DRAINED,
      forgetTimer: () => undefined,
      async readPrivacy() {
        reads.push((Date.now() - began) / 1000);
        return answer();
      },
    }) as Partial<Session> as Session; // No more of it is used.
  let session = newSession();
  const account = {
    instance: 'desk',
    cache: settingsCache(() => undefined),
    throttle: throttle(),
    budget: budgetOf('desk', perHour),
  } as Partial<Account> as Account; // Nor of this.
  const onLost = vi.fn<(problem: Problem) => void>();
  const { cache, budget } = account;
  const follower = follow(account, () => session, onLost);
  /** The connection ends, and another one is made at once. */
  function reconnect() {
    cache.disconnected();
    session = newSession();
    follower.connected();
  }
  return { reads, session, cache, budget, onLost, follower, reconnect };
}

const NO_ANSWER: ReadReply = { kind: 'no_answer', cause: 'timeout' };
const SETTINGS = (): ReadReply => ({
  kind: 'read',
  snapshot: { values: {}, others: [], categories: [], unreadable: [], observedAt: new Date() },
});

test('reads again after a read that brought nothing, later each time, up to a quarter of an hour', async () => {
  const { reads, follower } = followed(() => NO_ANSWER);
  follower.connected();
  await vi.advanceTimersByTimeAsync(3 * 3_600_000);
  const waits = reads.map((at, index) => at - (reads[index - 1] ?? 0));
  expect(waits.slice(0, 18)).toEqual([0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900]);
});

test('reads a second after a push, also when a repetition is due much later', async () => {
  let answer: ReadReply = NO_ANSWER;
  const { reads, follower } = followed(() => answer);
  follower.connected();
  await vi.advanceTimersByTimeAsync(60_000);
  const before = reads.length; // The next repetition is 34 s after the last.
  answer = SETTINGS();
  follower.pushed();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reads.slice(before)).toEqual([61]);
});

test('takes nothing for lost that somebody else has read while a read of its own was in vain', async () => {
  const vain = Promise.withResolvers<ReadReply>();
  let answer: ReadReply | Promise<ReadReply> = vain.promise;
  const { reads, session, cache, onLost, follower } = followed(() => answer);
  follower.connected();
  answer = SETTINGS();
  await cache.read(session, 1_000);
  vain.resolve(NO_ANSWER);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(onLost).not.toHaveBeenCalled();
  expect(reads).toEqual([0, 0]);
});

test('takes nothing for lost when a read was in vain whose connection has ended meanwhile', async () => {
  const vain = Promise.withResolvers<ReadReply>();
  let answer: ReadReply | Promise<ReadReply> = vain.promise;
  const { reads, onLost, follower, reconnect } = followed(() => answer);
  follower.connected();
  answer = SETTINGS();
  reconnect();
  vain.resolve({ kind: 'no_answer', cause: 'closed' });
  await vi.advanceTimersByTimeAsync(100_000);
  expect(onLost).not.toHaveBeenCalled();
  expect(reads).toEqual([0, 0]);
});

test('reads once after a connect, also when a repetition was due on the connection before', async () => {
  let answer: ReadReply | Promise<ReadReply> = NO_ANSWER;
  const { reads, follower, reconnect } = followed(() => answer);
  follower.connected();
  await vi.advanceTimersByTimeAsync(500);
  const slow = Promise.withResolvers<ReadReply>();
  answer = slow.promise;
  reconnect();
  await vi.advanceTimersByTimeAsync(5_000);
  slow.resolve(SETTINGS());
  await vi.advanceTimersByTimeAsync(100_000);
  expect(reads).toEqual([0, 0.5]);
});

test('begins with the first wait again when somebody else has read since a read in vain', async () => {
  let answer: ReadReply = NO_ANSWER;
  const { reads, session, cache, follower } = followed(() => answer);
  follower.connected();
  await vi.advanceTimersByTimeAsync(60_000);
  answer = SETTINGS();
  await cache.read(session, 1_000);
  await vi.advanceTimersByTimeAsync(60_000);
  answer = NO_ANSWER;
  cache.invalidate();
  const before = reads.length;
  follower.changed();
  await vi.advanceTimersByTimeAsync(1_500);
  expect(reads.slice(before)).toEqual([120, 121]);
});

test('reads what this service may have changed, unless somebody has read it since', async () => {
  const { reads, follower, cache } = followed(SETTINGS);
  follower.connected();
  await vi.advanceTimersByTimeAsync(5_000);
  follower.changed();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(reads).toEqual([0]);
  cache.invalidate();
  follower.changed();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(reads).toEqual([0, 10]);
});

test('reads again when a change gets its answer late, and at the latest when nobody reckons with it', async () => {
  const { reads, follower, cache } = followed(SETTINGS);
  follower.connected();
  await vi.advanceTimersByTimeAsync(1_000);
  cache.unanswered();
  follower.changed();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(reads).toEqual([0, 1]);
  cache.answered();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(reads).toEqual([0, 1, 10]);
  cache.unanswered();
  follower.changed();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(reads).toEqual([0, 1, 10, 110, 170]);
});

test('reads again when a change gets its answer while a read is under way', async () => {
  let meanwhile = () => {};
  const { reads, follower, cache } = followed(() => {
    meanwhile();
    return SETTINGS();
  });
  follower.connected();
  await vi.advanceTimersByTimeAsync(1_000);
  cache.unanswered();
  meanwhile = () => {
    meanwhile = () => {};
    cache.answered();
  };
  follower.changed();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(reads).toEqual([0, 1, 2]);
});

test('leaves half of the budget to the callers, and tells nobody that it reads less often', async () => {
  const { reads, follower, budget, onLost } = followed(SETTINGS, { sets: 0, reads: 1200 });
  follower.connected();
  for (let second = 0; second < 300; second++) {
    follower.pushed();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(budget.take({ sets: 0, reads: 30 })).toBeUndefined();
  expect(reads.length).toBeLessThanOrEqual(30 + 300 / 3 + 1);
  expect(reads.length).toBeGreaterThan(100);
  expect(onLost).not.toHaveBeenCalled();
});

test('tells that it cannot follow when that takes long', async () => {
  const { follower, onLost } = followed(SETTINGS, { sets: 0, reads: 12 });
  for (let push = 0; push < 40; push++) {
    follower.pushed();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(onLost.mock.calls[0]?.[0]).toMatchObject({ kind: 'RATE_LIMITED' });
});

test('reads once a second after pushes, and no more when it knows', async () => {
  const { reads, follower } = followed(SETTINGS);
  follower.connected();
  await vi.advanceTimersByTimeAsync(500);
  for (let push = 0; push < 5; push++) follower.pushed();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(reads).toEqual([0, 1.5]);
});
