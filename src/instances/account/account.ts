import { setImmediate } from 'node:timers/promises';
import type { CallOptions } from '../ports/orders.js';
import type { Session } from '../ports/ports.js';
import type { Budget, IqKind } from './budget.js';
import type { History } from './history.js';
import type { SettingsCache } from './settings-cache.js';
import type { Throttle } from './throttle.js';

/** Fulfils when nobody takes this connection, which has ended, for the account's any more. */
export async function gone(session: Session): Promise<void> {
  await session.ended;
  await setImmediate();
}

/** One linked account as reads and updates need it. */
export type Account = {
  readonly instance: string;
  readonly cache: SettingsCache;
  readonly throttle: Throttle;
  readonly budget: Budget;
  /**
   * Pays for an IQ that leaves now, or for so many numbers that it asks about.
   *
   * @throws PrivacyError RATE_LIMITED, unless it was paid for before
   */
  spend(kind: IqKind, count?: number): void;
  readonly history: History;
  /** A snapshot at most this old spares an update a read of its own. */
  readonly sharedReadMs: number;
  /** The live connection; undefined while there is none. */
  live(): Session | undefined;
  /**
   * The live connection; waits for one while the instance is connecting, within the caller's time.
   *
   * @throws PrivacyError INSTANCE_…
   */
  session(call: CallOptions): Promise<Session>;
  /** Dials at once after a connection that ended under a call, unless others ended like this just before. */
  redial(): void;
  /**
   * The live connection, dialled at once where there is none, to see what became of a change that was sent. Its caller
   * is not kept waiting for what may not come: fails as soon as the dial does.
   *
   * @throws PrivacyError INSTANCE_…
   */
  sessionAtOnce(call: CallOptions): Promise<Session>;
};
