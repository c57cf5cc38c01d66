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
import type { OnLookUp } from '../ports/ports.js';
import { askAgain } from './ask-again.js';

/** The ids of an order that the list does not name; of those to be removed only when somebody on it may be meant. */
export function inQuestion({ add, remove }: ListOrder, { contacts }: ContactList): ContactId[] {
  const listed = byId(contacts);
  const mayHideBehindOtherId = contacts.some(contact => idsOf(contact).length === 1);
  return [...add, ...(mayHideBehindOtherId ? remove : [])].filter(id => !listed.has(id));
}

/**
 * Who on a list, or to come onto it, the ids of an order stand for. Asks WhatsApp about those that are in question.
 *
 * @throws PrivacyError CONTACT_UNKNOWN, INVALID_REQUEST for someone both added and removed, and those of a read
 */
export async function identify(
  account: Account,
  order: ListOrder,
  list: ContactList,
  call: CallOptions,
): Promise<ListDelta> {
  const { setting, add, remove } = order;
  const listed = byId(list.contacts);
  const asked = inQuestion(order, list);
  const found = asked.length > 0 ? await find(account, asked, call) : new Map<ContactId, Contact>();
  const who = (id: ContactId) => listed.get(id) ?? found.get(id);

  const unknown = violations(add, 'entries_to_add', id => who(id) === undefined, 'CONTACT_UNKNOWN', notFound);
  if (unknown.length > 0) {
    const { instance } = account;
    throw new PrivacyError({ kind: 'CONTACT_UNKNOWN', instance, setting, violations: unknown });
  }
  const added = distinct(add.flatMap(id => who(id) ?? []));
  const wanted = byId(added);
  const isAdded = (id: ContactId) => idsOf(who(id) ?? {}).some(one => wanted.has(one));
  const twice = violations(
    remove,
    'entries_to_remove',
    isAdded,
    'CONFLICTING',
    () => 'is the same contact as one in add',
  );
  if (twice.length > 0) throw new PrivacyError({ kind: 'INVALID_REQUEST', violations: twice });
  return { add: added, remove: remove.flatMap(id => who(id) ?? []) };
}

/** Pays for a look-up: it is one read, and a question about each number. */
export const payFor =
  (account: Account): OnLookUp =>
  numbers => {
    account.spend('reads');
    account.spend('lookups', numbers);
  };

async function find(
  account: Account,
  ids: readonly ContactId[],
  call: CallOptions,
): Promise<ReadonlyMap<ContactId, Contact>> {
  const reply = await askAgain(account, call, (session, timeoutMs) =>
    session.findContacts(ids, timeoutMs, payFor(account)),
  );
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
