import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Account } from '../account/account.js';
import { IQ_TIMEOUT_MS, timeLeft, within } from '../account/time-left.js';
import type { CallOptions } from '../ports/orders.js';
import type { ReadReply, Session } from '../ports/ports.js';
import { askAgain } from './ask-again.js';

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
  const { cache } = account;
  const known = (session: Session) => {
    const snapshot = maxAgeMs === undefined ? undefined : cache.current(session, maxAgeMs);
    return snapshot && { kind: 'read' as const, snapshot };
  };
  const ask = (session: Session) =>
    within(timeLeft(call), cache.pending(session) ?? readShared(account, session));
  const { snapshot } = await askAgain(account, call, ask, known);
  return snapshot;
}

/** What `readSettings` would bring without asking or waiting; undefined where it would have to. */
export function knownSettings(
  { cache, live }: Pick<Account, 'cache' | 'live'>,
  maxAgeMs: number | undefined,
): Snapshot | undefined {
  const session = live();
  return session && maxAgeMs !== undefined ? cache.current(session, maxAgeMs) : undefined;
}

/** The settings, by a read that leaves now: nothing that was changed before is missed. Throws as `readSettings` does. */
export async function readNow(account: Account, call: CallOptions): Promise<Snapshot> {
  const ask = (session: Session) => within(timeLeft(call), readShared(account, session));
  const { snapshot } = await askAgain(account, call, ask);
  return snapshot;
}

function readShared(account: Account, session: Session): Promise<ReadReply> {
  account.spend('reads');
  return account.cache.readShared(session, IQ_TIMEOUT_MS);
}
