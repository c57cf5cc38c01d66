import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OfflineQueue, Session } from '../../../src/instances/ports/ports.js';
import { renewal } from '../../../src/instances/reading/renewal.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MINUTE = 60_000;

/** An account whose last read is as old as the test says; `renewed` tells when it was renewed, in minutes. */
function account(state: OfflineQueue['state'] = 'DRAINED', trustMs = 10 * MINUTE) {
  const queue = { state, trustMs: () => trustMs, onChange: () => undefined };
  const session = { offlineQueue: queue } as Partial<Session> as Session; // No more of it is used.
  const live: { session: Session | undefined } = { session };
  const began = performance.now();
  const renewed: number[] = [];
  let readAt = began;
  const read = () => {
    readAt = performance.now();
  };
  const renewals = renewal(
    { ageMs: () => performance.now() - readAt },
    () => live.session,
    () => {
      renewed.push((performance.now() - began) / MINUTE);
      read();
    },
  );
  return { ...renewals, queue, live, renewed, read };
}

test('what is watched is renewed before it is older than the time it is trusted', async () => {
  const { watched, renewed } = account();
  using _ = watched();
  await vi.advanceTimersByTimeAsync(100 * MINUTE);
  const waits = renewed.map((at, index) => at - (renewed[index - 1] ?? 0));
  expect(waits.length).toBeGreaterThanOrEqual(10);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(8);
  expect(Math.max(...waits)).toBeLessThanOrEqual(9.5);
  expect(new Set(waits).size).toBeGreaterThan(1); // Spread.
});

test('what nobody watches is not, nor what is not watched any more', async () => {
  const { watched, renewed } = account();
  await vi.advanceTimersByTimeAsync(100 * MINUTE);
  const watchers = [watched(), watched()];
  for (const watcher of watchers) {
    watcher[Symbol.dispose]();
    watcher[Symbol.dispose]();
  }
  await vi.advanceTimersByTimeAsync(100 * MINUTE);
  expect(renewed).toEqual([]);
});

test('what is overdue when somebody begins to watch is renewed within seconds', async () => {
  const { watched, renewed } = account();
  await vi.advanceTimersByTimeAsync(100 * MINUTE);
  using _ = watched();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(renewed).toHaveLength(1);
});

test('a read for somebody else puts it off', async () => {
  const { watched, renewed, read } = account();
  using _ = watched();
  for (let minute = 0; minute < 40; minute++) {
    await vi.advanceTimersByTimeAsync(MINUTE);
    read();
  }
  expect(renewed).toEqual([]);
});

test('a queue that stands still has it renewed without watchers, until it moves', async () => {
  const { changed, renewed, queue } = account('DELIVERING', MINUTE);
  changed();
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(renewed).toEqual([]);
  queue.state = 'STALLED';
  changed();
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(renewed.length).toBeGreaterThanOrEqual(10);
  const before = renewed.length;
  queue.state = 'DELIVERING';
  changed();
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(renewed).toHaveLength(before);
});

test('without a connection nothing is renewed, and with the next one it goes on', async () => {
  const { watched, changed, renewed, live } = account();
  using _ = watched();
  const { session } = live;
  live.session = undefined;
  await vi.advanceTimersByTimeAsync(100 * MINUTE);
  expect(renewed).toEqual([]);
  live.session = session;
  changed();
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(renewed.length).toBeGreaterThan(0);
});

test('nothing is renewed after the end', async () => {
  const { watched, renewed, stop, changed } = account();
  using _ = watched();
  stop();
  changed();
  await vi.advanceTimersByTimeAsync(100 * MINUTE);
  expect(renewed).toEqual([]);
});
