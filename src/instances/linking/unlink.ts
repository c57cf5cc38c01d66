import { PrivacyError } from '../../domain/errors.js';
import { iqTimeout } from '../account/time-left.js';
import { type ConnectionState, notUsable } from '../connecting/connection-state.js';
import { unanswered } from '../judging/failed-read.js';
import type { ManagedInstance } from '../member/managed-instance.js';
import type { CallOptions } from '../ports/orders.js';
import type { LogoutReply } from '../ports/ports.js';
import { endLink } from './link-instance.js';

/**
 * Ends the link at WhatsApp and forgets the account. The caller sees to it that nothing else is done with the account.
 *
 * @throws PrivacyError when the state does not allow it, or WhatsApp did not confirm it
 */
export async function unlink(managed: ManagedInstance, call: CallOptions): Promise<void> {
  const { instance, supervisor } = managed;
  await endLink(managed, call);
  const { connection } = supervisor;
  if (connection.state === 'unlinked') return;
  if (connection.state === 'suspended' || connection.state === 'conflict')
    throw notUsable(instance, connection);
  if (!isOver(connection) && (await hasSession(managed, call))) {
    const reply = await logOut(managed, call);
    if (reply.kind !== 'confirmed') throw new PrivacyError(unanswered(instance, reply));
  }
  await managed.forgetAccount({ author: call.author });
}

/** Waits for the connection; false when WhatsApp says meanwhile that the link is over. */
async function hasSession(managed: ManagedInstance, call: CallOptions): Promise<boolean> {
  try {
    await managed.session(call);
    return true;
  } catch (error) {
    if (isOver(managed.supervisor.connection)) return false;
    throw error;
  }
}

const isOver = ({ state }: ConnectionState): boolean => state === 'unlinked' || state === 'logged_out';

/** Removes this device at WhatsApp. */
export async function logOut({ supervisor }: ManagedInstance, call: CallOptions): Promise<LogoutReply> {
  await call.beforeSending?.();
  return supervisor.retire(session => session.logout(iqTimeout(call)));
}
