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
type Ring = { readonly times: Float64Array; first: number; count: number };

/**
 * In no window of `periodMs`, wherever it begins, are more than `limit` calls of a key allowed. The keys unused
 * longest are forgotten beyond `maxKeys`.
 */
export function slidingWindow(options: { limit: number; periodMs: number; maxKeys: number }): RateLimit {
  const { limit, periodMs, maxKeys } = options;
  const rings = new LRUCache<string, Ring>({ max: maxKeys });

  return {
    take(key, now) {
      const ring = rings.get(key) ?? { times: new Float64Array(limit), first: 0, count: 0 };
      rings.set(key, ring);
      const timeAt = (index: number): number => ring.times[(ring.first + index) % limit] ?? 0;

      while (ring.count > 0 && timeAt(0) + periodMs <= now) {
        ring.first = (ring.first + 1) % limit;
        ring.count--;
      }
      const allowed = ring.count < limit;
      if (allowed) {
        ring.times[(ring.first + ring.count) % limit] = now;
        ring.count++;
      }
      return {
        allowed,
        remaining: limit - ring.count,
        retryAfterMs: ring.count < limit ? 0 : timeAt(0) + periodMs - now,
        resetAfterMs: timeAt(ring.count - 1) + periodMs - now,
      };
    },
  };
}
