import { createHash } from 'node:crypto';
import { SETTING_NAMES, type Setting, specOf, type Value } from './settings-table.js';

/** The value that excepts the contacts on a setting's list. */
export const EXCEPTING = 'contact_blacklist';

/** A setting that has a list of excepted contacts. */
export type ListSetting = {
  [S in Setting]: typeof EXCEPTING extends Value<S> ? S : never;
}[Setting];

/** The settings that have a list, in the order of the table. */
export const LIST_SETTINGS = SETTING_NAMES.filter((setting): setting is ListSetting =>
  specOf(setting).values.includes(EXCEPTING),
);

/** How a contact is named by callers: in E.164, or by LID as `123456789012345@lid`. */
export type ContactId = string;

/** Someone on WhatsApp. WhatsApp gives the LID, the phone number or both; no two people share either. */
export type Contact = {
  readonly lid?: ContactId;
  /** E.164. */
  readonly phoneNumber?: ContactId;
  /** Given in place of a phone number, and goes back to WhatsApp as it came. */
  readonly username?: string;
};

/** The contacts that a setting excepts while its value is `contact_blacklist`. */
export type ContactList = {
  readonly contacts: readonly Contact[];
  /** WhatsApp's name for this state of the list (`dhash`), which a change must bring; undefined when it told none. */
  readonly stamp: string | undefined;
};

/** What takes one list to another. */
export type ListDelta = { readonly add: readonly Contact[]; readonly remove: readonly Contact[] };

export const isPhoneNumber = (text: string): boolean => /^\+[1-9]\d{6,14}$/.test(text);
export const isLid = (text: string): boolean => /^[1-9]\d{0,19}@lid$/.test(text);

/** The id in a text as people write it, `+1 (555) 010-0123`; undefined when there is none. */
export function contactId(text: string): ContactId | undefined {
  const id = text.replace(/[\s().-]/g, '');
  return isPhoneNumber(id) || isLid(id) ? id : undefined;
}

/** The ids of a contact. */
export const idsOf = ({ lid, phoneNumber }: Contact): ContactId[] =>
  [lid, phoneNumber].filter(id => id !== undefined);

/** Finds contacts by any of their ids. */
export function byId(contacts: readonly Contact[]): ReadonlyMap<ContactId, Contact> {
  const found = new Map<ContactId, Contact>();
  for (const contact of contacts) for (const id of idsOf(contact)) found.set(id, contact);
  return found;
}

const isAmong = ({ lid, phoneNumber }: Contact, ids: { has(id: ContactId): boolean }): boolean =>
  (lid !== undefined && ids.has(lid)) || (phoneNumber !== undefined && ids.has(phoneNumber));

const without = (contacts: readonly Contact[], others: readonly Contact[]): Contact[] => {
  const known = byId(others);
  return contacts.filter(contact => !isAmong(contact, known));
};

/** The contacts, each once. */
export function distinct(contacts: readonly Contact[]): Contact[] {
  const seen = new Set<ContactId>();
  return contacts.filter(contact => {
    const isNew = !isAmong(contact, seen);
    for (const id of idsOf(contact)) seen.add(id);
    return isNew;
  });
}

/** The least that takes one list to another. */
export const delta = (from: readonly Contact[], to: readonly Contact[]): ListDelta => ({
  add: without(to, from),
  remove: without(from, to),
});

/** The list after a change; who is there already is not added twice. */
export function apply({ add, remove }: ListDelta, contacts: readonly Contact[]): Contact[] {
  const kept = without(contacts, remove);
  return [...kept, ...without(add, kept)];
}

/** Opaque; lists with the same contacts, by the ids shown to callers, have the same etag. */
export const listEtag = (contacts: readonly Contact[]): string =>
  createHash('sha256').update(contacts.map(shownId).sort().join('\n')).digest('base64url').slice(0, 16);

/** The id by which a contact is shown to callers: the phone number when WhatsApp gives it. */
export const shownId = ({ lid, phoneNumber }: Contact): ContactId => phoneNumber ?? lid ?? '';
