import { clock } from './clock.js';

/** A timer that fires so late says that the event loop was busy, not that somebody is silent. */
const LATE_MS = 50;
/** How much of the time may be added for that. */
const MOST_ADDED = 0.5;

/**
 * Calls back when an answer has been waited for so long, unless this is ended before. What arrived in time counts, also
 * where the event loop comes to it later: the time by which it is late is added, up to half as much again, and what has
 * arrived by the end is taken in first.
 *
 * @returns ends it
 */
export function patience(ms: number, onOver: () => void): () => void {
  let addable = ms * MOST_ADDED;
  let last: NodeJS.Immediate | undefined;
  let [dueAt, timer] = wait(ms);

  function wait(forMs: number) {
    return [clock() + forMs, setTimeout(look, forMs)] as const;
  }
  function look() {
    const lateMs = Math.min(clock() - dueAt, addable);
    if (lateMs < LATE_MS) {
      // After the sockets have been read.
      last = setImmediate(onOver);
      return;
    }
    addable -= lateMs;
    [dueAt, timer] = wait(lateMs);
  }
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}
