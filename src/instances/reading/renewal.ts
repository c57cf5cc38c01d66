import { LONGEST_TIMER_MS } from '../../domain/longest-timer.js';
import type { SettingsCache } from '../account/settings-cache.js';
import type { Session } from '../ports/ports.js';

/** Reads again, in time, what only WhatsApp's silence says is still so: a push may be held back, or lost. */
export interface Renewal {
  /** Somebody watches, until this is disposed of. */
  watched(): Disposable;
  /** There is another connection, or its offline queue is in another state. */
  changed(): void;
  /** Reads nothing more. */
  stop(): void;
}

/** When a read is renewed, as shares of the time that it is trusted: at random between them, so that not all are at once. */
const [EARLIEST, LATEST] = [0.8, 0.95];
/** What is overdue when somebody begins to watch is read within this time. */
const OVERDUE_SPREAD_MS = 10_000;

/**
 * Renews what is known of one account while somebody watches it, and while its offline queue stands still.
 *
 * @param session The live connection; undefined while there is none.
 * @param renew Reads the settings soon, taking none for known.
 */
export function renewal(
  cache: Pick<SettingsCache, 'ageMs'>,
  session: () => Session | undefined,
  renew: () => void,
): Renewal {
  let watchers = 0;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** Waits until what is known is due; what is being read just now counts as read. */
  function arm() {
    clearTimeout(timer);
    const queue = session()?.offlineQueue;
    if (isStopped || !queue || !(watchers > 0 || queue.state === 'STALLED')) return;
    const trustMs = queue.trustMs();
    const dueMs = trustMs * between(EARLIEST, LATEST) - age();
    const spreadMs = Math.min(OVERDUE_SPREAD_MS, trustMs * (1 - LATEST)) * Math.random();
    timer = setTimeout(due, Math.min(Math.max(dueMs, spreadMs), LONGEST_TIMER_MS)).unref();
  }

  function due() {
    const queue = session()?.offlineQueue;
    // Somebody may have read since.
    if (queue && age() >= queue.trustMs() * EARLIEST) renew();
    arm();
  }

  function age(): number {
    const live = session();
    return (live && cache.ageMs(live)) ?? 0;
  }

  return {
    watched() {
      if (++watchers === 1) arm();
      let isDisposed = false;
      return {
        [Symbol.dispose]() {
          if (isDisposed) return;
          isDisposed = true;
          if (--watchers === 0) arm();
        },
      };
    },
    changed: arm,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

const between = (least: number, most: number): number => least + Math.random() * (most - least);
