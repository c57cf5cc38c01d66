import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Account } from '../../../src/instances/account/account.js';
import { budget } from '../../../src/instances/account/budget.js';
import type { ReadReply, Session } from '../../../src/instances/account/ports.js';
import { settingsCache } from '../../../src/instances/account/settings-cache.js';
import { throttle } from '../../../src/instances/account/throttle.js';
import { follow } from '../../../src/instances/reading/follow.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5); // No jitter.
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An account whose reads are answered at once, as `answer` says; and when they were made, in seconds. */
function followed(answer: () => ReadReply) {
  const reads: number[] = [];
  const began = Date.now();
  const session = {
    forgetTimer: () => undefined,
    async readPrivacy() {
      reads.push((Date.now() - began) / 1000);
      return answer();
    },
  } as Partial<Session> as Session; // No more of it is used.
  const account = {
    instance: 'desk',
    cache: settingsCache(() => undefined),
    throttle: throttle(),
    budget: budget('desk', { sets: 0, reads: 0 }),
  } as Partial<Account> as Account; // Nor of this.
  return { reads, follower: follow(account, () => session, vi.fn<() => void>()) };
}

const NO_ANSWER: ReadReply = { kind: 'no_answer', cause: 'timeout' };
const SETTINGS = (): ReadReply => ({
  kind: 'read',
  snapshot: { values: {}, others: [], unreadable: [], observedAt: new Date() },
});

test('reads again after a read that brought nothing, later each time, up to a quarter of an hour', async () => {
  const { reads, follower } = followed(() => NO_ANSWER);
  follower.connected();
  await vi.advanceTimersByTimeAsync(3 * 3_600_000);
  const waits = reads.map((at, index) => at - (reads[index - 1] ?? 0));
  expect(waits.slice(0, 18)).toEqual([0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900]);
});

test('reads once a second after pushes, and no more when it knows', async () => {
  const { reads, follower } = followed(SETTINGS);
  follower.connected();
  await vi.advanceTimersByTimeAsync(500);
  for (let push = 0; push < 5; push++) follower.pushed();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(reads).toEqual([0, 1.5]);
});
