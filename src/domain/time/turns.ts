import { setImmediate } from 'node:timers/promises';
import { clock } from './clock.js';

/** What each call gives fulfils at a turn of the event loop of its own, one call after another. */
export function turns(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => setImmediate());
    return last;
  };
}

/** A turn that takes no longer leaves room for more: whoever calls meanwhile waits about as long. */
const SHORT_MS = 5;

/** Fulfils after a turn of the event loop that was short. */
export async function shortTurn(): Promise<void> {
  for (let began = clock(); ; ) {
    await setImmediate();
    const now = clock();
    if (now - began <= SHORT_MS) return;
    began = now;
  }
}
