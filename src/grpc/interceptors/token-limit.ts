import { slidingWindow } from '../../access/rate-limit.js';
import { PrivacyError } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import { type CallContext, principalOf } from '../calls/call-context.js';
import type { Method } from '../method.js';
import type { Check } from './admission.js';

const PERIOD_MS = 60_000;
/** Tokens remembered; beyond, the one unused longest starts anew. Room for all is taken in advance. */
const MOST_TOKENS = 20_000;

/** Limits the calls of each token in any minute: those of the methods with one limit together. */
export function tokenLimit(limits: Readonly<Record<Method['limit'], number>>): Check {
  const limited = (limit: number) => ({
    limit,
    window: slidingWindow({ limit, periodMs: PERIOD_MS, maxKeys: MOST_TOKENS }),
  });
  const windows = {
    callsPerMinute: limited(limits.callsPerMinute),
    createsPerMinute: limited(limits.createsPerMinute),
  };

  return (context: CallContext) => {
    const { tokenId } = principalOf(context);
    const { limit, window } = windows[context.method.limit];
    const decision = window.take(tokenId, clock());
    context.rate = { limit, ...decision };
    if (decision.allowed) return;
    const { retryAfterMs } = decision;
    throw new PrivacyError({
      kind: 'RATE_LIMITED',
      limit,
      periodSeconds: PERIOD_MS / 1000,
      subject: tokenId,
      retryAfterMs,
    });
  };
}
