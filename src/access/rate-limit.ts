import { LRUCache } from 'lru-cache';

/** Whether a call may go on, and what is left. */
export type RateDecision = {
  readonly allowed: boolean;
  /** Calls left now. */
  readonly remaining: number;
  /** When the next call will be allowed; 0 when it would be now. */
  readonly retryAfterMs: number;
  /** When all calls will be left again, if none is made. */
  readonly resetAfterMs: number;
};

/** An exact limit of calls per key. */
export type RateLimit = {
  /** Counts a call, if it is allowed. `now` is milliseconds of a clock that never goes back. */
  take(key: string, now: number): RateDecision;
};

/** The times of the last calls, oldest at `first`. */
type Ring = { times: Float64Array; first: number; count: number };

/** Few keys ever need the room for all calls of a high limit. */
const ROOM_AT_FIRST = 16;

const timeAt = ({ times, first }: Ring, index: number): number => times[(first + index) % times.length] ?? 0;

/** Doubles the room for times. */
function grow(ring: Ring, limit: number): void {
  const times = new Float64Array(Math.min(ring.times.length * 2, limit));
  for (let index = 0; index < ring.count; index++) times[index] = timeAt(ring, index);
  ring.times = times;
  ring.first = 0;
}

/**
 * In no window of `periodMs`, wherever it begins, are more than `limit` calls of a key allowed. The keys unused
 * longest are forgotten beyond `maxKeys`.
 */
export function slidingWindow(options: { limit: number; periodMs: number; maxKeys: number }): RateLimit {
  const { limit, periodMs, maxKeys } = options;
  const rings = new LRUCache<string, Ring>({ max: maxKeys });

  return {
    take(key, now) {
      let ring = rings.get(key);
      if (!ring) {
        ring = { times: new Float64Array(Math.min(ROOM_AT_FIRST, limit)), first: 0, count: 0 };
        rings.set(key, ring);
      }
      // In this order no rounding makes it longer than the period.
      const msUntilGone = (index: number) => periodMs - (now - timeAt(ring, index));

      while (ring.count > 0 && msUntilGone(0) <= 0) {
        ring.first = (ring.first + 1) % ring.times.length;
        ring.count--;
      }
      const allowed = ring.count < limit;
      if (allowed) {
        if (ring.count === ring.times.length) grow(ring, limit);
        ring.times[(ring.first + ring.count) % ring.times.length] = now;
        ring.count++;
      }
      return {
        allowed,
        remaining: limit - ring.count,
        retryAfterMs: ring.count < limit ? 0 : msUntilGone(0),
        resetAfterMs: msUntilGone(ring.count - 1),
      };
    },
  };
}
