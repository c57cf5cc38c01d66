import { clock } from '../../domain/time/clock.js';
/** Runs tasks after a delay, in the order they were given whatever the delay was at the time. */
export function delayLine(delayMs: () => number): (task: () => void) => void {
  const waiting: (() => void)[] = [];
  let lastDue = 0;
  return task => {
    const now = clock();
    lastDue = Math.max(now + delayMs(), lastDue);
    if (waiting.length === 0 && lastDue <= now) return task();
    waiting.push(task);
    setTimeout(() => waiting.shift()?.(), lastDue - now);
  };
}
