import { slidingWindow } from '../../access/rate-limit.js';
import { PrivacyError } from '../../domain/errors.js';
import { type CallContext, principalOf } from '../calls/call-context.js';
import type { Check } from './admission.js';

const PERIOD_MS = 60_000;
/** Tokens remembered; beyond, the one unused longest starts anew. Room for all is taken in advance. */
const MOST_TOKENS = 20_000;

/** Limits the calls of each token in any minute. Making instances has a limit of its own. */
export function tokenLimit(limits: { callsPerMinute: number; createsPerMinute: number }): Check {
  const limited = (limit: number) => ({
    limit,
    window: slidingWindow({ limit, periodMs: PERIOD_MS, maxKeys: MOST_TOKENS }),
  });
  const calls = limited(limits.callsPerMinute);
  const creates = limited(limits.createsPerMinute);

  return (context: CallContext) => {
    const { tokenId } = principalOf(context);
    const { limit, window } = context.method.endsWith('/CreateInstance') ? creates : calls;
    const decision = window.take(tokenId, performance.now());
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
