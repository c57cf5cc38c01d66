import { LRUCache } from 'lru-cache';
import { PrivacyError } from '../../domain/errors.js';
import type { CallContext } from '../calls/call-context.js';
import { countedAddress } from '../peers/peer-address.js';

const PERIOD_MS = 60_000;
/** Addresses remembered; beyond, the longest silent one is forgotten. */
const MOST_PEERS = 10_000;

/** The bad tokens of each address. */
export type FailedTokens = {
  /** Shows the call what its address has left. */
  show(context: CallContext): void;
  /** Counts a call with a token that is not good, and refuses it. */
  refuse(context: CallContext): never;
};

/**
 * Limits the answers to bad tokens that an address gets in a minute, which starts with the first. A good token is never
 * refused for the bad ones of others: behind a proxy they share an address, and of 256 random bits nobody guesses one.
 */
export function failedTokens(limit: number): FailedTokens {
  const failures = new LRUCache<string, number>({ max: MOST_PEERS, ttl: PERIOD_MS, noUpdateTTL: true });

  function show(context: CallContext) {
    const peer = countedAddress(context.peer);
    const used = failures.get(peer) ?? 0;
    const resetAfterMs = used > 0 ? Math.max(failures.getRemainingTTL(peer), 0) : 0;
    context.rate = { limit, remaining: Math.max(limit - used, 0), resetAfterMs };
    return { peer, used, resetAfterMs };
  }

  return {
    show,
    refuse(context) {
      const { peer, used, resetAfterMs } = show(context);
      if (used < limit) {
        failures.set(peer, used + 1);
        show(context);
        throw new PrivacyError({ kind: 'TOKEN_INVALID' });
      }
      // google.rpc's form for a caller who has no other name.
      const subject = `clientip:${peer}`;
      const periodSeconds = PERIOD_MS / 1000;
      throw new PrivacyError(
        { kind: 'RATE_LIMITED', limit, periodSeconds, subject, retryAfterMs: resetAfterMs },
        { message: 'Too many bad tokens came from this address; call again when RetryInfo says' },
      );
    },
  };
}
