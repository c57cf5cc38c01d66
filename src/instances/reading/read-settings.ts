import { PrivacyError } from '../../domain/errors.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import { type Account, gone } from '../account/account.js';
import type { CallOptions } from '../account/orders.js';
import type { ReadReply, Session } from '../account/ports.js';
import { IQ_TIMEOUT_MS, timeLeft } from '../account/time-left.js';
import { isCutOff, readProblem } from '../judging/reply-causes.js';

/** The most reads of one call: repeated when the connection ends before the answer, as it changes nothing. */
export const READ_ATTEMPTS = 2;

/**
 * The settings of an account: a current snapshot at most `maxAgeMs` old, else asked of WhatsApp in this call.
 *
 * @param maxAgeMs Undefined to ask in any case.
 * @throws PrivacyError INSTANCE_…, WHATSAPP_…, RATE_LIMITED, DEADLINE_TOO_SHORT
 */
export async function readSettings(
  account: Account,
  maxAgeMs: number | undefined,
  call: CallOptions,
): Promise<Snapshot> {
  const { instance, throttle, cache } = account;
  for (let attempt = 1; ; attempt++) {
    const session = await account.session(call);
    const known = maxAgeMs === undefined ? undefined : cache.current(session, maxAgeMs);
    if (known) return known;

    const heldMs = throttle.waitMs();
    if (heldMs > 0) throw new PrivacyError({ kind: 'WHATSAPP_RATE_LIMITED', instance, retryAfterMs: heldMs });

    const reply = await within(timeLeft(call), cache.pending(session) ?? ask(account, session));
    if (!reply) throw new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance });
    if (reply.kind === 'read') return reply.snapshot;
    if (reply.kind === 'refused' && reply.code === 429) throttle.rateLimited();
    if (!isCutOff(reply) || attempt === READ_ATTEMPTS)
      throw new PrivacyError(readProblem(instance, reply, throttle.waitMs()));
    await gone(session);
    account.redial();
  }
}

function ask(account: Account, session: Session): Promise<ReadReply> {
  account.spend('reads');
  return account.cache.readShared(session, IQ_TIMEOUT_MS);
}

/** The reply, or undefined when the time is over first. */
export async function within(ms: number, reply: Promise<ReadReply>): Promise<ReadReply | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, Math.max(ms, 0), undefined);
  });
  return Promise.race([reply, over]).finally(() => clearTimeout(timer));
}
