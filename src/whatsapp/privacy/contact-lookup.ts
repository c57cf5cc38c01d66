import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Contact, ContactId } from '../../domain/settings/contact-list.js';
import type { FindReply } from '../../instances/ports/ports.js';
import { bytesIn, childOf, childrenOf, errorIn, iqStanza } from '../connection/nodes.js';
import { contentOf, failed, UNCLEAR } from './iq-results.js';
import { lidOf, phoneNumberOf } from './jids.js';

/*
 * Who is on WhatsApp, as WhatsApp Web and Baileys ask it:
 *
 * get     <iq type="get" xmlns="usync"><usync sid="…" mode="query" last="true" index="0" context="interactive">
 *           <query><contact/><lid/></query><list><user><contact>+15550100123</contact></user>…</list></usync></iq>
 * reply   <iq type="result"><usync><result><contact/><lid/></result><list>
 *           <user jid="15550100123@s.whatsapp.net"><contact type="in">+15550100123</contact><lid val="71@lid"/></user>
 *           <user jid="15550100199@s.whatsapp.net"><contact type="out">+15550100199</contact></user></list></usync></iq>
 *         jid may be the LID, with the number in pn_jid (whatsapp-rust). It may have another number than was asked for,
 *         where a country has two ways to write one; <contact> then holds the question (whatsmeow). An error stands in
 *         the <contact/> or <lid/> it is about, of <result> or of a user.
 */

/** Asks about phone numbers in E.164. `sid` only has to differ from others. */
export const lookupStanza = (phoneNumbers: readonly ContactId[], sid: string): BinaryNode =>
  iqStanza('get', 'usync', {
    tag: 'usync',
    attrs: { sid, mode: 'query', last: 'true', index: '0', context: 'interactive' },
    content: [
      { tag: 'query', attrs: {}, content: [empty('contact'), empty('lid')] },
      { tag: 'list', attrs: {}, content: phoneNumbers.map(userNode) },
    ],
  });

const empty = (tag: string): BinaryNode => ({ tag, attrs: {} });

const userNode = (phoneNumber: ContactId): BinaryNode => ({
  tag: 'user',
  attrs: {},
  content: [{ tag: 'contact', attrs: {}, content: phoneNumber }],
});

/** Judges the answer: those of the numbers asked for that are on WhatsApp. */
export function parseLookupReply(reply: BinaryNode, phoneNumbers: readonly ContactId[]): FindReply {
  const answer = contentOf(reply, 'usync');
  if (!answer.content) return answer.failure;

  const list = childOf(answer.content, 'list');
  if (!list) return UNCLEAR;
  const users = childrenOf(list, 'user');
  const results = childrenOf(answer.content, 'result').flatMap(result => childrenOf(result));
  const error = [...results, ...users.flatMap(user => childrenOf(user, 'contact'))]
    .map(errorIn)
    .find(found => found !== undefined);
  if (error) return failed(error);

  const found = users.flatMap((user): [ContactId, Contact][] => {
    const contact = childOf(user, 'contact');
    const phoneNumber = phoneNumberOf(user.attrs['pn_jid']) ?? phoneNumberOf(user.attrs['jid']);
    const asked = (contact && bytesIn(contact)?.toString()) || phoneNumber;
    if (contact?.attrs['type'] !== 'in' || asked === undefined || !phoneNumbers.includes(asked)) return [];
    const lid = lidOf(childOf(user, 'lid')?.attrs['val']) ?? lidOf(user.attrs['jid']);
    return [[asked, { phoneNumber: phoneNumber ?? asked, ...(lid !== undefined && { lid }) }]];
  });
  return { kind: 'found', contacts: new Map(found) };
}
