import { type ContactId, isLid } from '../../domain/settings/contact-list.js';

/** A JID of a phone number, whatever the device; `c.us` is its older name. */
const PHONE_NUMBER = /^(\d{3,20})(?::\d+)?@(?:s\.whatsapp\.net|c\.us)$/;
/** A JID of an account whose number need not be known, whatever the device. */
const LID = /^(\d{1,20})(?::\d+)?@lid$/;

/** The phone number of a JID in E.164; undefined for any other JID. */
export function phoneNumberOf(jid: string | undefined): ContactId | undefined {
  const digits = PHONE_NUMBER.exec(jid ?? '')?.[1];
  return digits === undefined ? undefined : `+${digits}`;
}

/** The LID of a JID, without the device; undefined for any other JID. */
export function lidOf(jid: string | undefined): ContactId | undefined {
  const user = LID.exec(jid ?? '')?.[1];
  return user === undefined ? undefined : `${user}@lid`;
}

/** The JID of a contact's id. */
export const jidOf = (id: ContactId): string => (isLid(id) ? id : `${id.slice(1)}@s.whatsapp.net`);
