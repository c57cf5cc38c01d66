import type { Problem } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';

/** What is asked of WhatsApp: changes, reads, and the phone numbers of which it is asked whose they are. */
export type IqKind = 'sets' | 'reads' | 'lookups';
/** How much of each kind; none where a kind is missing. */
export type Iqs = { readonly [Kind in IqKind]?: number };

/** How much one instance may ask of WhatsApp. */
export interface Budget {
  /** In any hour; 0 or nothing for no limit. */
  readonly perHour: Iqs;
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
export const COST = { sets: { sets: 1 }, reads: { reads: 1 } } as const satisfies { [kind: string]: Iqs };

const PERIOD_MS = 60 * 60 * 1000;

/** What each kind is called, and how much of it may leave at once. */
const KINDS: Readonly<Record<IqKind, { readonly unit: string; readonly burst: number }>> = {
  sets: { unit: 'changes of the instance', burst: 40 },
  reads: { unit: 'reads of the instance', burst: 60 },
  // All that one change of a list may name: so many to add, and as many to remove.
  lookups: { unit: 'contacts looked up by the instance', burst: 2000 },
};

/**
 * The budget of an instance: so many in any hour, 0 for no limit, of which a burst may leave at once.
 *
 * @param now Milliseconds of a clock that never goes back.
 */
export function budget(instance: string, perHour: Iqs, now: () => number = clock): Budget {
  const buckets = (Object.keys(KINDS) as IqKind[]).flatMap(kind => {
    const limit = perHour[kind] ?? 0;
    if (limit === 0) return [];
    const { unit, burst } = KINDS[kind];
    return [{ kind, unit, limit, bucket: tokenBucket(limit, Math.min(burst, limit), now) }];
  });
  return {
    perHour,
    take(wanted, left = 0) {
      const waits = buckets.map(({ kind, unit, limit, bucket }) => ({
        unit,
        limit,
        retryAfterMs: bucket.msUntil(wanted[kind] ?? 0, left),
      }));
      const [longest] = waits.sort((a, b) => b.retryAfterMs - a.retryAfterMs);
      if (longest && longest.retryAfterMs > 0) {
        const subject = `instance:${instance}`;
        return { kind: 'RATE_LIMITED', periodSeconds: PERIOD_MS / 1000, subject, ...longest };
      }
      for (const { kind, bucket } of buckets) bucket.take(wanted[kind] ?? 0);
      return undefined;
    },
    giveBack(unused) {
      for (const { kind, bucket } of buckets) bucket.take(-(unused[kind] ?? 0));
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
