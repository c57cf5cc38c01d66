import type { Ran, Step } from './protocol.js';

/** A SQLite database. What is asked is done in its order. */
export type Database = {
  /** All steps or none; fulfils when what they wrote is on the disk. */
  transact(steps: readonly Step[]): Promise<Ran>;
  /** Runs one statement in no transaction but one that it begins or ends itself. */
  alone(sql: string): Promise<void>;
  /** Copies the database to an empty file, as it is when the copy is complete. */
  backUp(to: string, signal: AbortSignal): Promise<void>;
  /** Takes no more; fulfils when what was asked is done and the database closed. */
  close(): Promise<void>;
};
