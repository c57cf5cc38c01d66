import { type RateDecision, slidingWindow } from '../../access/rate-limit.js';
import { sharedRateLimit } from '../../access/shared-rate-limit.js';
import { PrivacyError } from '../../domain/errors.js';
import type { PermitStore } from '../../domain/nodes/shared.js';
import { clock } from '../../domain/time/clock.js';
import { type CallContext, principalOf } from '../calls/call-context.js';
import type { Method } from '../method.js';
import type { Check } from './admission.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Tokens remembered; beyond, the one unused longest starts anew. Room for all is taken in advance. */
const MOST_TOKENS = 20_000;

/**
 * Limits the calls of each token in any period: those of the methods with one limit together.
 *
 * @param permits Of several nodes, which keep the limits together.
 */
export function tokenLimit(
  limits: Readonly<Record<Method['limit'], number>>,
  permits?: Pick<PermitStore, 'take'>,
): Check {
  const limited = (name: Method['limit'], periodMs: number) => {
    const options = { limit: limits[name], periodMs, maxKeys: MOST_TOKENS };
    return {
      limit: limits[name],
      periodSeconds: periodMs / 1000,
      window: permits ? sharedRateLimit({ ...options, name, permits }) : slidingWindow(options),
    };
  };
  const windows = {
    callsPerMinute: limited('callsPerMinute', MINUTE_MS),
    createsPerMinute: limited('createsPerMinute', MINUTE_MS),
    batchCreatesPerHour: limited('batchCreatesPerHour', HOUR_MS),
  };

  return (context: CallContext) => {
    const { tokenId } = principalOf(context);
    const { limit, periodSeconds, window } = windows[context.method.limit];
    const settle = (decision: RateDecision) => {
      context.rate = { limit, ...decision };
      if (decision.allowed) return;
      const { retryAfterMs } = decision;
      throw new PrivacyError({
        kind: 'RATE_LIMITED',
        limit,
        periodSeconds,
        subject: tokenId,
        retryAfterMs,
      });
    };
    const taken = window.take(tokenId, clock());
    return taken instanceof Promise ? taken.then(settle) : settle(taken);
  };
}
