import type { Problem } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';

/** Requests to WhatsApp, by kind. */
export type Iqs = { readonly sets: number; readonly reads: number };
export type IqKind = keyof Iqs;

/** How many requests one instance may send to WhatsApp. */
export interface Budget {
  /**
   * Takes what a whole piece of work needs, or nothing and says why. No more of a kind than its burst.
   *
   * @param left What others must still find there, as a share of the burst.
   */
  take(wanted: Iqs, left?: number): Overdrawn | undefined;
  /** Gives back what was taken and not sent. */
  giveBack(unused: Iqs): void;
}

type Overdrawn = Problem & { readonly kind: 'RATE_LIMITED' };

/** One of a kind. */
export const COST: Readonly<Record<IqKind, Iqs>> = {
  sets: { sets: 1, reads: 0 },
  reads: { sets: 0, reads: 1 },
};

const PERIOD_MS = 60 * 60 * 1000;
const BURST: Iqs = { sets: 40, reads: 60 };

/**
 * The budget of an instance: so many in any hour, 0 for no limit, of which a burst may leave at once.
 *
 * @param now Milliseconds of a clock that never goes back.
 */
export function budget(instance: string, perHour: Iqs, now: () => number = clock): Budget {
  const kinds = (['sets', 'reads'] as const).filter(kind => perHour[kind] > 0);
  const buckets = kinds.map(kind => ({
    kind,
    unit: kind === 'sets' ? 'changes of the instance' : 'reads of the instance',
    limit: perHour[kind],
    bucket: tokenBucket(perHour[kind], Math.min(BURST[kind], perHour[kind]), now),
  }));
  return {
    take(wanted, left = 0) {
      const waits = buckets.map(({ kind, unit, limit, bucket }) => ({
        unit,
        limit,
        retryAfterMs: bucket.msUntil(wanted[kind], left),
      }));
      const [longest] = waits.sort((a, b) => b.retryAfterMs - a.retryAfterMs);
      if (longest && longest.retryAfterMs > 0) {
        const subject = `instance:${instance}`;
        return { kind: 'RATE_LIMITED', periodSeconds: PERIOD_MS / 1000, subject, ...longest };
      }
      for (const { kind, bucket } of buckets) bucket.take(wanted[kind]);
      return undefined;
    },
    giveBack(unused) {
      for (const { kind, bucket } of buckets) bucket.take(-unused[kind]);
    },
  };
}

/** Lets no more through than `burst` at once, and `perHour` in any hour, spread evenly after the burst. */
function tokenBucket(perHour: number, burst: number, now: () => number) {
  const intervalMs = PERIOD_MS / perHour;
  /** When everything taken will have been earned, if nothing more is taken. */
  let fullAt = Number.NEGATIVE_INFINITY;
  /** When each of the last hour was taken, the oldest first. */
  let taken: number[] = [];
  const fullAfter = (count: number) => Math.max(fullAt, now()) + count * intervalMs;
  const msUntilWithinHour = (count: number, limit: number) => {
    const isRecent = (time: number) => time > now() - PERIOD_MS;
    if (taken[0] !== undefined && !isRecent(taken[0])) taken = taken.filter(isRecent);
    const last = taken[taken.length + count - limit - 1];
    return last === undefined ? 0 : last + PERIOD_MS - now();
  };
  return {
    /** Milliseconds until so many can be taken and a share of the burst is left; 0 when they can now. */
    msUntil(count: number, left: number) {
      if (count === 0) return 0;
      const kept = burst * left;
      // What needs more than there ever is has its turn when nothing else was sent for an hour.
      const overdueMs = fullAfter(count) - Math.max(burst - kept, count) * intervalMs - now();
      const waitMs = Math.max(
        overdueMs,
        msUntilWithinHour(count, Math.max(Math.floor(perHour - kept), count)),
      );
      // A rounding error is no time to wait.
      return waitMs > 1e-3 ? Math.ceil(waitMs) : 0;
    },
    take(count: number) {
      fullAt = fullAfter(count);
      if (count < 0) taken.splice(count);
      else taken.push(...Array<number>(count).fill(now()));
    },
  };
}
