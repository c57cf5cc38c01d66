import { clock } from './clock.js';
import { msUntil, wallTimeIn } from './wall-time.js';

/** A moment that is waited for. */
export type Due = {
  /** As it is shown and stored. */
  readonly until: Date;
  /** As it is waited for, by the clock. */
  readonly dueAt: number;
};

/** In so many milliseconds. */
export const dueIn = (ms: number, now: () => number = clock): Due => ({
  until: wallTimeIn(ms),
  dueAt: now() + ms,
});

/** At a time of day, as far off as it is by now: setting that later changes nothing. */
export const dueOn = (until: Date): Due => ({ until, dueAt: clock() + msUntil(until) });
