import type { BinaryNode } from '@whiskeysockets/baileys';
import {
  type Contact,
  type ContactId,
  distinct,
  EXCEPTING,
  type ListDelta,
} from '../../domain/settings/contact-list.js';
import type { ListReply } from '../../instances/ports/ports.js';
import { childrenOf, errorIn, iqStanza } from '../connection/nodes.js';
import { contentOf, failed, UNCLEAR } from './iq-results.js';
import { jidOf, lidOf, phoneNumberOf } from './jids.js';

/*
 * As WhatsApp Web sends and checks it (WAWebQueryPrivacyDisallowedListLidJob and …PnJob, WAWebSetPrivacyJob; read in
 * November 2026). This is the form by LID; in the form by phone number <privacy> has no attribute and <user> no pn_jid.
 *
 * read    <iq type="get" xmlns="privacy"><privacy addressing_mode="lid"><list name="last" value="contact_blacklist"/>…
 * reply   <iq type="result"><privacy addressing_mode="lid"><list dhash="1764000000000">
 *           <user jid="123456789012345@lid" pn_jid="15550100123@s.whatsapp.net"/>…</list></privacy></iq>
 *         Of a user jid may be missing, or pn_jid, for which username may stand. Without <list> when nobody is on it,
 *         or when the setting has another value (zapo).
 *
 * set     <iq type="set" xmlns="privacy"><privacy addressing_mode="lid">
 *           <category name="last" value="contact_blacklist" dhash="1764000000000">
 *             <user action="add" jid="123456789012345@lid" pn_jid="15550100123@s.whatsapp.net"/>…</category></privacy></iq>
 *         dhash="none" where the reply had none. The users are what changes. The answer is that of a set without list.
 *
 * wrong form, unknown contact   <iq type="error"><error code="400" text="bad-request"/></iq>
 * stale dhash                   409, as such a stanza (zapo) or inside the category (WhatsApp Web)
 */

/** How an account's lists name contacts: by LID once WhatsApp has migrated it, before that by phone number. */
export type ListForm = 'lid' | 'pn';

/** Asks for a category's list, without its stamp: so "nothing has changed" is no answer. */
export const listReadStanza = (category: string, form: ListForm): BinaryNode =>
  iqStanza('get', 'privacy', privacyNode(form, { tag: 'list', attrs: { name: category, value: EXCEPTING } }));

/** Changes a category's list, which sets the category to it. */
export const listSetStanza = (
  category: string,
  form: ListForm,
  { add, remove }: ListDelta,
  stamp: string | undefined,
): BinaryNode =>
  iqStanza(
    'set',
    'privacy',
    privacyNode(form, {
      tag: 'category',
      attrs: { name: category, value: EXCEPTING, dhash: stamp ?? 'none' },
      content: [
        ...remove.map(contact => userNode('remove', contact, form)),
        ...add.map(contact => userNode('add', contact, form)),
      ],
    }),
  );

const privacyNode = (form: ListForm, child: BinaryNode): BinaryNode => ({
  tag: 'privacy',
  attrs: form === 'lid' ? { addressing_mode: 'lid' } : {},
  content: [child],
});

function userNode(
  action: 'add' | 'remove',
  { lid, phoneNumber, username }: Contact,
  form: ListForm,
): BinaryNode {
  const attribute = (name: string, id: ContactId | undefined) =>
    id === undefined ? {} : { [name]: jidOf(id) };
  if (form === 'pn') return { tag: 'user', attrs: { action, ...attribute('jid', phoneNumber ?? lid) } };
  const identity =
    phoneNumber === undefined && username !== undefined ? { username } : attribute('pn_jid', phoneNumber);
  return { tag: 'user', attrs: { action, ...attribute('jid', lid), ...identity } };
}

/** Judges the answer to a read in a form. A list with anybody on it whom nothing names is no answer: nobody is dropped. */
export function parseListReply(reply: BinaryNode, form: ListForm): ListReply {
  const answer = contentOf(reply, 'privacy');
  if (!answer.content) return answer.failure;

  const [list, ...more] = childrenOf(answer.content);
  if (!list) return { kind: 'read', list: { contacts: [], stamp: undefined } };
  if (list.tag !== 'list' || more.length > 0) return UNCLEAR;
  const error = errorIn(list);
  if (error) return failed(error);

  const users = childrenOf(list, 'user');
  const told = answer.content.attrs['addressing_mode'] ?? 'pn';
  if (users.length > 0 && told !== form) return UNCLEAR;
  const contacts = users.map(contactOf);
  if (contacts.some(({ lid, phoneNumber }) => lid === undefined && phoneNumber === undefined)) return UNCLEAR;
  const stamp = list.attrs['dhash'];
  return { kind: 'read', list: { contacts: distinct(contacts), stamp: stamp || undefined } };
}

function contactOf({ attrs }: BinaryNode): Contact {
  const { jid, pn_jid, username } = attrs;
  const lid = lidOf(jid);
  const phoneNumber = phoneNumberOf(pn_jid) ?? phoneNumberOf(jid);
  return {
    ...(lid !== undefined && { lid }),
    ...(phoneNumber !== undefined && { phoneNumber }),
    ...(username !== undefined && { username }),
  };
}
