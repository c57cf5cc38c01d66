/*
 * The time of day, for what is stored or shown. It may be set forward or back at any moment, so that nothing waits for
 * it: see `clock.ts`.
 */

/** Now, in epoch milliseconds. */
export const wallMs = (): number => Date.now();

/** Now. */
export const wallTime = (): Date => new Date(wallMs());

/** The time of day in so many milliseconds. */
export const wallTimeIn = (ms: number): Date => new Date(wallMs() + ms);

/** Milliseconds until a time of day; 0 when it has passed. */
export const msUntil = (time: Date): number => Math.max(time.getTime() - wallMs(), 0);

/** Milliseconds since a time of day; 0 when it is to come. */
export const msSince = (time: Date): number => Math.max(wallMs() - time.getTime(), 0);
