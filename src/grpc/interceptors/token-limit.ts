import { slidingWindow } from '../../access/rate-limit.js';
import { PrivacyError } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import { type CallContext, principalOf } from '../calls/call-context.js';
import type { Method } from '../method.js';
import type { Check } from './admission.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Tokens remembered; beyond, the one unused longest starts anew. Room for all is taken in advance. */
const MOST_TOKENS = 20_000;

/** Limits the calls of each token in any period: those of the methods with one limit together. */
export function tokenLimit(limits: Readonly<Record<Method['limit'], number>>): Check {
  const limited = (limit: number, periodMs: number) => ({
    limit,
    periodSeconds: periodMs / 1000,
    window: slidingWindow({ limit, periodMs, maxKeys: MOST_TOKENS }),
  });
  const windows = {
    callsPerMinute: limited(limits.callsPerMinute, MINUTE_MS),
    createsPerMinute: limited(limits.createsPerMinute, MINUTE_MS),
    batchCreatesPerHour: limited(limits.batchCreatesPerHour, HOUR_MS),
  };

  return (context: CallContext) => {
    const { tokenId } = principalOf(context);
    const { limit, periodSeconds, window } = windows[context.method.limit];
    const decision = window.take(tokenId, clock());
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
}
