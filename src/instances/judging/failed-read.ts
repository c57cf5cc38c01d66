import type { Cause } from '../../domain/outcome.js';
import type { Account } from '../account/account.js';
import type { NoAnswer, Refused } from '../ports/ports.js';
import { NO_ANSWER, type OutcomeProblem } from './reply-causes.js';

type Asked = Pick<Account, 'instance' | 'throttle'>;

/** Why nothing may be asked of WhatsApp now: it told this account to wait. Undefined when it may. */
export function heldBack({ instance, throttle }: Asked): HeldBack | undefined {
  const retryAfterMs = throttle.waitMs();
  return retryAfterMs > 0 ? { kind: 'WHATSAPP_RATE_LIMITED', instance, retryAfterMs } : undefined;
}

type HeldBack = OutcomeProblem & { readonly kind: 'WHATSAPP_RATE_LIMITED' };

/** Takes in that a read brought nothing, be it because the account asks too much, and says what is wrong. */
export function failedRead({ instance, throttle }: Asked, reply: Refused | NoAnswer): OutcomeProblem {
  if (reply.kind === 'no_answer') return unanswered(instance, reply);
  const about = { instance, whatsappCode: reply.code };
  if (reply.code !== 429) return { kind: 'WHATSAPP_REJECTED', whatsappText: reply.text, ...about };
  throttle.rateLimited();
  return { kind: 'WHATSAPP_RATE_LIMITED', retryAfterMs: throttle.waitMs(), ...about };
}

/** Why nobody knows what was to be read; without a reply none came in time. */
export function whyUnread(reply: Refused | NoAnswer | undefined): Pick<Cause, 'reason' | 'whatsappCode'> {
  if (!reply) return { reason: 'WHATSAPP_TIMEOUT' };
  const refusal = reply.code === 429 ? 'WHATSAPP_RATE_LIMITED' : 'WHATSAPP_REJECTED';
  const reason = reply.kind === 'no_answer' ? NO_ANSWER[reply.cause].reason : refusal;
  return { reason, ...(reply.code !== undefined && { whatsappCode: reply.code }) };
}

/** What is wrong when nothing came that proves anything. */
export const unanswered = (instance: string, { cause, code }: NoAnswer): OutcomeProblem => ({
  kind: NO_ANSWER[cause].reason,
  instance,
  ...(code !== undefined && { whatsappCode: code }),
});
