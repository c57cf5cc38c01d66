import { PrivacyError } from '../../domain/errors.js';
import type { CallOptions } from '../account/orders.js';
import { iqTimeout } from '../account/time-left.js';
import { notUsable } from '../connecting/connection-state.js';
import type { ManagedInstance } from './managed-instance.js';

/**
 * Ends the link at WhatsApp and forgets the account. The caller sees to it that nothing else is done with the account.
 *
 * @throws PrivacyError when the state does not allow it, or WhatsApp did not confirm it
 */
export async function unlink(managed: ManagedInstance, call: CallOptions): Promise<void> {
  const { instance, supervisor } = managed;
  const { connection } = supervisor;
  if (connection.state === 'unlinked') return;
  if (connection.state === 'suspended' || connection.state === 'conflict')
    throw notUsable(instance, connection);
  if (connection.state !== 'logged_out' && connection.state !== 'linking') {
    await managed.session(call);
    if (!(await logOut(managed, call))) throw new PrivacyError({ kind: 'WHATSAPP_TIMEOUT', instance });
  }
  await managed.forgetAccount();
}

/** Removes this device at WhatsApp; false when that was not confirmed, also because there is no connection. */
export const logOut = ({ supervisor }: ManagedInstance, call: CallOptions): Promise<boolean> =>
  supervisor.retire(session => session.logout(iqTimeout(call)));
