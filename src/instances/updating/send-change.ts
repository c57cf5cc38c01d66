import type { Cause } from '../../domain/outcome.js';
import type { Change } from '../../domain/settings/waves.js';
import { type Account, gone } from '../account/account.js';
import { iqTimeout } from '../account/time-left.js';
import type { Ledger } from '../judging/ledger.js';
import { isCutOff, mayComeLate } from '../judging/reply-causes.js';
import type { CallOptions } from '../ports/orders.js';
import type { OnLate, Session, SetReply } from '../ports/ports.js';

/** Of the time that is left: the rest is for the read that settles what this brings no answer to. */
export const FIRST_SHARE = 0.6;

/** What came of sending one change. */
export type Sent = {
  readonly reply: SetReply;
  /** Why it is not confirmed. */
  readonly cause: Cause | undefined;
  /** Fulfils when the reply came after the wait for it, or the connection has ended; never without such a reply. */
  readonly late: Promise<void>;
};

/**
 * Sends one change, notes in the ledger what is known of it, and lets the account know: nothing read before it is
 * current, it is paid for, and a rate limit holds the account back.
 */
export async function sendChange(
  account: Account,
  session: Session,
  change: Change,
  what: 'setting' | 'list',
  ledger: Pick<Ledger<never>, 'sending' | 'replied' | 'repliedLate'>,
  call: CallOptions,
  send: (timeoutMs: number, onLate: OnLate) => Promise<SetReply>,
): Promise<Sent> {
  ledger.sending(change);
  const tell = account.history.sending(change, session, what === 'list');
  account.cache.invalidate();
  const late = Promise.withResolvers<void>();
  const reply = await send(iqTimeout(call) * FIRST_SHARE, reply => {
    ledger.repliedLate(change, reply);
    tell(reply);
    account.cache.answered();
    late.resolve();
  });
  tell(reply);
  const cause = ledger.replied(change, reply);
  if (reply.kind === 'confirmed') account.cache.confirmed(change.setting, change.to);
  if (mayComeLate(reply)) account.cache.unanswered();
  else if (reply.kind === 'no_answer') account.cache.invalidate();
  if (reply.kind !== 'not_sent') account.spend('sets');
  if (cause?.reason === 'WHATSAPP_RATE_LIMITED') account.throttle.rateLimited();
  if (isCutOff(reply)) await gone(session);
  return { reply, cause, late: late.promise };
}
