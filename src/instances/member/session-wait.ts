import { instanceMoved } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import { type ConnectionState, msLeft, notUsable } from '../connecting/connection-state.js';
import type { Supervisor } from '../connecting/supervisor.js';
import type { Session } from '../ports/ports.js';

/** The connection of one instance, for those who may have to wait for it. */
export interface SessionWait {
  /** Undefined while there is none. */
  live(): Session | undefined;
  /**
   * The live connection, within the time.
   *
   * @param coming The states to wait in; in any other it fails at once.
   * @param dialMs The time while it is being dialled, the wait for that dial's turn on this node included.
   * @throws PrivacyError INSTANCE_…
   */
  within(ms: number, coming?: ReadonlySet<ConnectionState['state']>, dialMs?: number): Promise<Session>;
  /** Fulfils when no attempt is running: what it brought is the state then. */
  decided(): Promise<void>;
  /** The connection is in another state. */
  changed(): void;
}

/** A session comes, now or after a wait. */
const COMING: ReadonlySet<ConnectionState['state']> = new Set(['connecting', 'backing_off']);
/** It comes now or not. */
export const BEING_MADE: ReadonlySet<ConnectionState['state']> = new Set(['connecting']);

/**
 * Waits for the connection that the supervisor keeps.
 *
 * @param mayAct Whether this node may still use it.
 */
export function sessionWait(
  instance: string,
  supervisor: Pick<Supervisor, 'connection'>,
  mayAct: () => boolean = () => true,
): SessionWait {
  const waiting = new Set<() => void>();

  /** Resolves at the next change of state, or after the time. */
  const nextChange = (ms?: number) =>
    new Promise<void>(resolve => {
      const timer = ms === undefined ? undefined : setTimeout(wake, ms);
      waiting.add(wake);
      function wake() {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      }
    });

  return {
    live() {
      const { connection } = supervisor;
      return connection.state === 'connected' && mayAct() ? connection.session : undefined;
    },
    async within(ms, coming = COMING, dialMs = ms) {
      const since = clock(); // By a clock that is never set back.
      for (;;) {
        const { connection } = supervisor;
        if (!mayAct()) throw instanceMoved(instance);
        if (connection.state === 'connected') return connection.session;
        const left = since + (connection.state === 'connecting' ? dialMs : ms) - clock();
        if (!coming.has(connection.state) || left <= (msLeft(connection) ?? 0))
          throw notUsable(instance, connection);
        await nextChange(left);
      }
    },
    async decided() {
      while (supervisor.connection.state === 'connecting') await nextChange();
    },
    changed() {
      for (const wake of waiting) wake();
    },
  };
}
