import type { ContactList, ListSetting } from '../../domain/settings/contact-list.js';
import type { Account } from '../account/account.js';
import type { CallOptions } from '../ports/orders.js';
import { askAgain } from './ask-again.js';

/**
 * The contacts that a setting excepts, asked of WhatsApp in this call; nobody while the setting has another value.
 *
 * @throws PrivacyError INSTANCE_…, WHATSAPP_…, RATE_LIMITED, DEADLINE_TOO_SHORT
 */
export async function readContactList(
  account: Account,
  setting: ListSetting,
  call: CallOptions,
): Promise<ContactList> {
  const reply = await askAgain(account, call, (session, timeoutMs) => {
    account.spend('reads');
    return session.readContactList(setting, timeoutMs);
  });
  return reply.list;
}
