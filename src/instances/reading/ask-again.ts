import { PrivacyError } from '../../domain/errors.js';
import { type Account, gone } from '../account/account.js';
import { iqTimeout, isOver } from '../account/time-left.js';
import { failedRead, heldBack } from '../judging/failed-read.js';
import { isCutOff } from '../judging/reply-causes.js';
import type { CallOptions } from '../ports/orders.js';
import type { NoAnswer, Refused, Session } from '../ports/ports.js';

/** The most reads of one call: repeated when the connection ends before the answer, as it changes nothing. */
export const READ_ATTEMPTS = 2;

/**
 * Asks WhatsApp something that changes nothing, and asks again when the connection ends before the answer.
 *
 * @param ask Pays for what it sends; undefined when the caller's time was over first.
 * @param known What need not be asked for on this connection.
 * @throws PrivacyError INSTANCE_…, WHATSAPP_…, RATE_LIMITED, DEADLINE_TOO_SHORT
 */
export async function askAgain<Found extends { readonly kind: string }>(
  account: Account,
  call: CallOptions,
  ask: (session: Session, timeoutMs: number) => Promise<Found | Refused | NoAnswer | undefined>,
  known: (session: Session) => Found | undefined = () => undefined,
): Promise<Found> {
  for (let attempt = 1; ; attempt++) {
    const session = await account.session(call);
    const found = known(session);
    if (found) return found;
    const held = heldBack(account);
    if (held) throw new PrivacyError(held);

    const reply = await ask(session, iqTimeout(call));
    if (reply && !isFailure(reply)) return reply;
    const problem = reply && failedRead(account, reply);
    if (!problem || isOver(call))
      throw new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance: account.instance });
    if (!isCutOff(reply) || attempt === READ_ATTEMPTS) throw new PrivacyError(problem);
    await gone(session);
    account.redial();
  }
}

const isFailure = <Found extends { readonly kind: string }>(
  reply: Found | Refused | NoAnswer,
): reply is Refused | NoAnswer => reply.kind === 'refused' || reply.kind === 'no_answer';
