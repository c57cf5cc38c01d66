import { type Due, dueIn } from '../../domain/time/due.js';
import { msSince } from '../../domain/time/wall-time.js';
import type { IdleConnections } from './idle-connections.js';

/** Who needs the connection of one instance. */
export interface Parking {
  /** Somebody needs it until this is disposed of. */
  need(): Disposable;
  /** Whether the connection may be given up has changed. */
  settle(): void;
}

/** Connects an instance for those who need it; what nobody needs is left to the idle connections. */
export function parking(
  idle: IdleConnections,
  instance: {
    /** Whether it is connected, and need not be. */
    readonly mayPark: () => boolean;
    readonly park: () => void;
    /** Does nothing unless it is parked. */
    readonly unpark: () => void;
  },
): Parking {
  let needs = 0;
  const { mayPark, park, unpark } = instance;

  function settle() {
    if (needs === 0 && mayPark()) idle.add(park);
    else idle.remove(park);
  }

  return {
    settle,
    need() {
      needs++;
      settle();
      unpark();
      return {
        [Symbol.dispose]() {
          needs--;
          settle();
        },
      };
    },
  };
}

/**
 * WhatsApp logs out devices that are inactive for 30 days (faq.whatsapp.com/378279804439436), and does not say what that
 * means. If connecting counts, this is often enough; by reports it does not (docs/whatsapp.md).
 */
const LONGEST_PARKED_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * When a parked instance is connected although nobody needs it: within 7 days of the last time, not all at once.
 *
 * @param random From 0 to 1, exclusive.
 */
export const nextContact = (lastConnectTime: Date, random: () => number = Math.random): Due =>
  dueIn(Math.max(LONGEST_PARKED_MS * (1 - random() / 7) - msSince(lastConnectTime), 0));
