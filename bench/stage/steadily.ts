import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls at a steady rate until `over`, and gives how long each took from the moment it was due, so that a server which
 * keeps the next calls waiting gains nothing by it. Skips its turn where there is nothing to call.
 */
export async function steadily(
  perSecond: number,
  over: Promise<unknown>,
  call: () => Promise<unknown> | undefined,
): Promise<number[]> {
  const took: number[] = [];
  const calls: Promise<unknown>[] = [];
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  void over.then(end, end);
  for (let due = performance.now(); !isOver; due += 1000 / perSecond) {
    const dueAt = due;
    const called = call();
    if (called) calls.push(called.then(() => took.push(performance.now() - dueAt)));
    await sleep(Math.max(due + 1000 / perSecond - performance.now(), 0));
  }
  await Promise.all(calls);
  return took;
}
