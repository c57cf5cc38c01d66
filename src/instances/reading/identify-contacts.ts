import { PrivacyError, type Violation } from '../../domain/errors.js';
import {
  byId,
  type Contact,
  type ContactId,
  type ContactList,
  distinct,
  idsOf,
  isLid,
  type ListDelta,
} from '../../domain/settings/contact-list.js';
import type { Account } from '../account/account.js';
import type { CallOptions, ListOrder } from '../ports/orders.js';
import { askAgain } from './ask-again.js';

/**
 * Who on a list, or to come onto it, the ids of an order stand for. Asks WhatsApp about those that the list does not
 * name; about those to be removed only when somebody on the list may be meant.
 *
 * @throws PrivacyError CONTACT_UNKNOWN, INVALID_REQUEST for someone both added and removed, and those of a read
 */
export async function identify(
  account: Account,
  { setting, add, remove }: ListOrder,
  { contacts }: ContactList,
  call: CallOptions,
): Promise<ListDelta> {
  const listed = byId(contacts);
  const mayHideBehindOtherId = contacts.some(contact => idsOf(contact).length === 1);
  const asked = [...add, ...(mayHideBehindOtherId ? remove : [])].filter(id => !listed.has(id));
  const found = asked.length > 0 ? await find(account, asked, call) : new Map<ContactId, Contact>();
  const who = (id: ContactId) => listed.get(id) ?? found.get(id);

  const unknown = violations(add, 'add', id => who(id) === undefined, 'CONTACT_UNKNOWN', notFound);
  if (unknown.length > 0) {
    const { instance } = account;
    throw new PrivacyError({ kind: 'CONTACT_UNKNOWN', instance, setting, violations: unknown });
  }
  const added = distinct(add.flatMap(id => who(id) ?? []));
  const wanted = byId(added);
  const isAdded = (id: ContactId) => idsOf(who(id) ?? {}).some(one => wanted.has(one));
  const twice = violations(
    remove,
    'remove',
    isAdded,
    'CONFLICTING',
    () => 'is the same contact as one in add',
  );
  if (twice.length > 0) throw new PrivacyError({ kind: 'INVALID_REQUEST', violations: twice });
  return { add: added, remove: remove.flatMap(id => who(id) ?? []) };
}

async function find(
  account: Account,
  ids: readonly ContactId[],
  call: CallOptions,
): Promise<ReadonlyMap<ContactId, Contact>> {
  const reply = await askAgain(account, call, (session, timeoutMs) => {
    account.spend('reads');
    return session.findContacts(ids, timeoutMs);
  });
  return reply.contacts;
}

const violations = (
  ids: readonly ContactId[],
  field: string,
  isWrong: (id: ContactId) => boolean,
  reason: Violation['reason'],
  what: (id: ContactId) => string,
): Violation[] =>
  ids.flatMap((id, index) => {
    const place = `${field}[${index}]`;
    return isWrong(id) ? [{ field: place, reason, description: `${place} ${what(id)}` }] : [];
  });

/** WhatsApp tells nobody whose LID it is, and takes a LID only together with the number. */
const notFound = (id: ContactId): string =>
  isLid(id) ? 'has no known phone number; name the contact by it' : 'is not on WhatsApp';
