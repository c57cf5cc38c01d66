import type { Measured } from './processes.js';

/** A process that holds connections, and when it has made them. */
export type Fleet = {
  readonly process: Measured;
  /** Connections so far. */
  readonly connected: () => number;
  /** Milliseconds from the start of the process until all of them were there. */
  readonly connectMs: Promise<number>;
};

/** A process that was just started and says a line of this pattern for each connection. */
export function fleet(process: Measured, pattern: RegExp, size: number): Fleet {
  const started = performance.now();
  const { count, reached } = process.watch(pattern);
  const connectMs = size === 0 ? Promise.resolve(0) : reached(size).then(() => performance.now() - started);
  connectMs.catch(() => undefined); // Nobody waits for it where the process is stopped before.
  return { process, connected: count, connectMs };
}
