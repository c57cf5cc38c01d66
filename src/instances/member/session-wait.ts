import type { Session } from '../account/ports.js';
import { type ConnectionState, notUsable } from '../connecting/connection-state.js';
import type { Supervisor } from '../connecting/supervisor.js';

/** The connection of one instance, for those who may have to wait for it. */
export interface SessionWait {
  /** Undefined while there is none. */
  live(): Session | undefined;
  /**
   * The live connection, within the time.
   *
   * @param coming The states to wait in; in any other it fails at once.
   * @throws PrivacyError INSTANCE_…
   */
  within(ms: number, coming?: ReadonlySet<ConnectionState['state']>): Promise<Session>;
  /** The connection is in another state. */
  changed(): void;
}

/** A session comes, now or after a wait. */
const COMING: ReadonlySet<ConnectionState['state']> = new Set(['connecting', 'backing_off']);
/** It comes now or not. */
export const BEING_MADE: ReadonlySet<ConnectionState['state']> = new Set(['connecting']);

/** Waits for the connection that the supervisor keeps. */
export function sessionWait(instance: string, supervisor: Pick<Supervisor, 'connection'>): SessionWait {
  const waiting = new Set<() => void>();

  /** Resolves at the next change of state, or after the time. */
  const nextChange = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(wake, ms);
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
      return connection.state === 'connected' ? connection.session : undefined;
    },
    async within(ms, coming = COMING) {
      const until = Date.now() + ms;
      for (;;) {
        const { connection } = supervisor;
        if (connection.state === 'connected') return connection.session;
        const next = connection.state === 'backing_off' ? connection.until.getTime() : Date.now();
        if (!coming.has(connection.state) || Date.now() >= until || next >= until)
          throw notUsable(instance, connection);
        await nextChange(until - Date.now());
      }
    },
    changed() {
      for (const wake of waiting) wake();
    },
  };
}
