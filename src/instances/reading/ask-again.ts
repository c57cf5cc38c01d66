import { PrivacyError } from '../../domain/errors.js';
import { type Account, gone } from '../account/account.js';
import type { CallOptions } from '../account/orders.js';
import type { NoAnswer, Refused, Session } from '../account/ports.js';
import { iqTimeout, timeLeft } from '../account/time-left.js';
import { isCutOff, readProblem } from '../judging/reply-causes.js';
import { READ_ATTEMPTS } from './read-settings.js';

/**
 * Asks WhatsApp something that changes nothing, and asks again when the connection ends before the answer.
 *
 * @throws PrivacyError INSTANCE_…, WHATSAPP_…, RATE_LIMITED, DEADLINE_TOO_SHORT
 */
export async function askAgain<Found extends { readonly kind: string }>(
  account: Account,
  call: CallOptions,
  ask: (session: Session, timeoutMs: number) => Promise<Found | Refused | NoAnswer>,
): Promise<Found> {
  const { instance, throttle } = account;
  for (let attempt = 1; ; attempt++) {
    const session = await account.session(call);
    const heldMs = throttle.waitMs();
    if (heldMs > 0) throw new PrivacyError({ kind: 'WHATSAPP_RATE_LIMITED', instance, retryAfterMs: heldMs });
    account.spend('reads');
    const reply = await ask(session, iqTimeout(call));
    if (!isFailure(reply)) return reply;

    if (reply.kind === 'refused' && reply.code === 429) throttle.rateLimited();
    if (timeLeft(call) <= 0) throw new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance });
    if (!isCutOff(reply) || attempt === READ_ATTEMPTS)
      throw new PrivacyError(readProblem(instance, reply, throttle.waitMs()));
    await gone(session);
  }
}

const isFailure = <Found extends { readonly kind: string }>(
  reply: Found | Refused | NoAnswer,
): reply is Refused | NoAnswer => reply.kind === 'refused' || reply.kind === 'no_answer';
