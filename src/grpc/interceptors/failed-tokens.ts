import { LRUCache } from 'lru-cache';
import { PrivacyError } from '../../domain/errors.js';
import type { CallContext } from '../calls/call-context.js';
import { countedAddress } from './peer-address.js';

const PERIOD_MS = 60_000;
/** Addresses remembered; beyond, the longest silent one is forgotten. */
const MOST_PEERS = 10_000;

/** Counts a call with a token that is not good, and refuses it where there were too many. */
export type FailedTokens = (context: CallContext) => never;

/**
 * Limits the answers to bad tokens that an address gets in a minute, which starts with the first. A good token is never
 * refused for the bad ones of others: behind a proxy they share an address, and of 256 random bits nobody guesses one.
 */
export function failedTokens(limit: number): FailedTokens {
  const failures = new LRUCache<string, number>({ max: MOST_PEERS, ttl: PERIOD_MS, noUpdateTTL: true });

  return context => {
    const peer = countedAddress(context.peer);
    const used = failures.get(peer) ?? 0;
    const allowed = used < limit;
    if (allowed) failures.set(peer, used + 1);
    const resetAfterMs = Math.max(failures.getRemainingTTL(peer), 0);
    context.rate = { limit, remaining: allowed ? limit - used - 1 : 0, resetAfterMs };
    if (allowed) throw new PrivacyError({ kind: 'TOKEN_INVALID' });

    // google.rpc's form for a caller who has no other name.
    const subject = `clientip:${peer}`;
    const periodSeconds = PERIOD_MS / 1000;
    throw new PrivacyError(
      { kind: 'RATE_LIMITED', limit, periodSeconds, subject, retryAfterMs: resetAfterMs },
      { message: 'Too many bad tokens came from this address; call again when RetryInfo says' },
    );
  };
}
