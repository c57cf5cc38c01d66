import type { Problem } from '../../domain/errors.js';
import type { Account } from '../account/account.js';
import type { NoAnswer, Refused } from '../ports/ports.js';

type Asked = Pick<Account, 'instance' | 'throttle'>;

/** Why nothing may be asked of WhatsApp now: it told this account to wait. Undefined when it may. */
export function heldBack({ instance, throttle }: Asked): HeldBack | undefined {
  const retryAfterMs = throttle.waitMs();
  return retryAfterMs > 0 ? { kind: 'WHATSAPP_RATE_LIMITED', instance, retryAfterMs } : undefined;
}

type HeldBack = Problem & { readonly kind: 'WHATSAPP_RATE_LIMITED' };

/** Takes in that a read brought nothing, be it because the account asks too much, and says what is wrong. */
export function failedRead({ instance, throttle }: Asked, reply: Refused | NoAnswer): Problem {
  const about = { instance, ...(reply.code !== undefined && { whatsappCode: reply.code }) };
  if (reply.kind === 'no_answer') return { kind: 'WHATSAPP_TIMEOUT', ...about };
  if (reply.code !== 429) return { kind: 'WHATSAPP_REJECTED', whatsappText: reply.text, ...about };
  throttle.rateLimited();
  return { kind: 'WHATSAPP_RATE_LIMITED', retryAfterMs: throttle.waitMs(), ...about };
}
