import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DIALS_PER_SECOND, spareTime } from '../../../src/instances/connecting/spare-time.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A hundred dials that wait, on an event loop whose turns take so long, or which waits so long for the processor. */
function waiting(turnMs: () => number, busyShare = 1) {
  let lostMs = 0;
  const room = spareTime(
    () => performance.now() + lostMs,
    () => busyShare,
  );
  const begun: number[] = [];
  const dials = Array.from({ length: 100 }, (_, index) => room().then(() => void begun.push(index)));
  /** Lets time pass, of which every timer is late. */
  async function pass(ms: number) {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      lostMs += turnMs();
      await vi.advanceTimersByTimeAsync(5);
    }
  }
  return { begun, pass, dials, lostMs: () => lostMs };
}

test('on an idle node dials begin in their order, no faster than the pace', async () => {
  const { begun, pass, dials } = waiting(() => 0);
  await pass(100);
  expect(begun.length).toBeGreaterThan(DIALS_PER_SECOND / 20);
  expect(begun.length).toBeLessThanOrEqual(1 + DIALS_PER_SECOND / 10);
  await pass(200);
  await Promise.all(dials);
  expect(begun).toEqual([...begun.keys()]);
});

test('with longer turns of the event loop one begins in each, and with long ones hardly any', async () => {
  const busy = waiting(() => 8);
  await busy.pass(200);
  expect(busy.begun.length).toBe(40);
  const blocked = waiting(() => 45);
  await blocked.pass(200);
  expect(blocked.begun.length).toBeGreaterThan(0);
  expect(blocked.begun.length).toBeLessThanOrEqual((200 + blocked.lostMs()) / 200);
});

test('where others keep an idle node from the processor one begins at each look', async () => {
  const { begun, pass } = waiting(() => 45, 0.5);
  await pass(200);
  expect(begun.length).toBe(40);
});

test('on a node that is not busy any more they go on', async () => {
  let turnMs = 45;
  const { begun, pass } = waiting(() => turnMs);
  await pass(50);
  const before = begun.length;
  turnMs = 0;
  await pass(200);
  expect(before).toBeLessThan(4);
  expect(begun).toHaveLength(100);
});
