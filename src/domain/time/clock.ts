/**
 * Milliseconds by a clock that is never set: it decides every wait, hold, age and deadline. Its numbers mean nothing by
 * themselves or to another process; what is stored or shown has a wall time.
 */
export const clock = (): number => performance.now();
