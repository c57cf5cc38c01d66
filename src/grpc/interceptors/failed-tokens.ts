import { LRUCache } from 'lru-cache';
import { PrivacyError } from '../../domain/errors.js';
import type { CallContext } from '../calls/call-context.js';
import type { Check } from './admission.js';

const PERIOD_MS = 60_000;
/** Addresses remembered; beyond, the longest silent one is forgotten. */
const MOST_PEERS = 10_000;

/** The failed tokens of each address. */
export type FailedTokens = {
  add(context: CallContext): void;
  /** Refuses an address with too many failures, whatever token it sends now: that is what stops guessing. */
  readonly check: Check;
};

/** Limits the failed tokens of one address in a minute, which starts with the first failure. */
export function failedTokens(limit: number): FailedTokens {
  const failures = new LRUCache<string, number>({ max: MOST_PEERS, ttl: PERIOD_MS, noUpdateTTL: true });

  function show(context: CallContext): { allowed: boolean; retryAfterMs: number } {
    const used = failures.get(context.peer) ?? 0;
    const resetAfterMs = used > 0 ? Math.max(failures.getRemainingTTL(context.peer), 0) : 0;
    const allowed = used < limit;
    const retryAfterMs = allowed ? 0 : resetAfterMs;
    context.rate = { limit, remaining: Math.max(limit - used, 0), resetAfterMs };
    return { allowed, retryAfterMs };
  }

  return {
    add(context) {
      failures.set(context.peer, (failures.get(context.peer) ?? 0) + 1);
      show(context);
    },
    check(context) {
      const { allowed, retryAfterMs } = show(context);
      if (allowed) return;
      // google.rpc's form for a caller who has no other name.
      const subject = `clientip:${context.peer}`;
      const periodSeconds = PERIOD_MS / 1000;
      throw new PrivacyError(
        { kind: 'RATE_LIMITED', limit, periodSeconds, subject, retryAfterMs },
        { message: 'Too many bad tokens came from this address; call again when RetryInfo says' },
      );
    },
  };
}
