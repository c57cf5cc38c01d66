import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  type Contact,
  type ContactId,
  EXCEPTING,
  isPhoneNumber,
  type ListDelta,
} from '../domain/contact-list.js';
import { specOf } from '../domain/settings-table.js';
import type { ListReply, Session } from '../instances/ports.js';
import type { Connection } from './connection.js';
import { type ListForm, listReadStanza, listSetStanza, parseListReply } from './contact-list-protocol.js';
import { lookupStanza, parseLookupReply } from './contact-lookup.js';
import { parseSetReply } from './privacy-protocol.js';

/** Who is who, as far as a connection remembers; what lists teach about 64,000 contacts need not all be kept. */
const REMEMBERED = 20_000;
/** Numbers change hands. */
const REMEMBERED_FOR_MS = 60 * 60_000;

/**
 * The lists of excepted contacts over one connection. Remembers in which form the account takes them, and the LIDs of
 * numbers, from lists and from questions.
 */
export function contactLists(
  connection: Pick<Connection, 'ask'>,
): Pick<Session, 'readContactList' | 'changeContactList' | 'findContacts'> {
  const remembered = new LRUCache<ContactId, Contact>({ max: REMEMBERED, ttl: REMEMBERED_FOR_MS });
  /** The form in which this account's lists were read. */
  let form: ListForm = 'lid';

  async function read(category: string, inForm: ListForm, timeoutMs: number): Promise<ListReply> {
    const answer = await connection.ask(listReadStanza(category, inForm), timeoutMs);
    if (answer.kind === 'reply') return parseListReply(answer.node, inForm);
    return { kind: 'no_answer', cause: answer.kind === 'timeout' ? 'timeout' : 'closed' };
  }

  return {
    async readContactList(setting, timeoutMs) {
      const { category } = specOf(setting);
      const until = Date.now() + timeoutMs;
      let reply = await read(category, form, timeoutMs);
      if (isForOtherForm(reply)) {
        const other = form === 'lid' ? 'pn' : 'lid';
        const second = await read(category, other, Math.max(until - Date.now(), 0));
        if (second.kind === 'read') form = other;
        if (!isForOtherForm(second)) reply = second;
      }
      if (reply.kind === 'read') for (const contact of reply.list.contacts) remember(contact);
      return reply;
    },

    async changeContactList(setting, delta, stamp, timeoutMs) {
      const { category } = specOf(setting);
      const inForm = form === 'lid' && canBeByLid(delta) ? 'lid' : 'pn';
      const answer = await connection.ask(listSetStanza(category, inForm, delta, stamp), timeoutMs);
      if (answer.kind === 'not_sent') return answer;
      if (answer.kind !== 'reply') return { kind: 'no_answer', cause: answer.kind };
      return parseSetReply(answer.node, category, EXCEPTING);
    },

    async findContacts(ids, timeoutMs) {
      const known = ids.flatMap((id): [ContactId, Contact][] => {
        const contact = remembered.get(id);
        return contact ? [[id, contact]] : [];
      });
      // Nobody but a list tells whose number a LID stands for.
      const others = ids.filter(id => isPhoneNumber(id) && !remembered.has(id));
      if (others.length === 0) return { kind: 'found', contacts: new Map(known) };

      const answer = await connection.ask(lookupStanza(others, randomUUID()), timeoutMs);
      if (answer.kind !== 'reply')
        return { kind: 'no_answer', cause: answer.kind === 'timeout' ? 'timeout' : 'closed' };
      const reply = parseLookupReply(answer.node, others);
      if (reply.kind !== 'found') return reply;
      for (const [id, contact] of reply.contacts) remember(contact, id);
      return { kind: 'found', contacts: new Map([...known, ...reply.contacts]) };
    },
  };

  function remember(contact: Contact, askedFor?: ContactId) {
    const { lid, phoneNumber } = contact;
    if (lid === undefined || phoneNumber === undefined) return;
    for (const id of new Set([lid, phoneNumber, askedFor ?? lid])) remembered.set(id, contact);
  }
}

/** 400 or 501: an account takes lists in one form only, reads included (zapo, whatsapp-rust). */
const isForOtherForm = (reply: ListReply): boolean =>
  (reply.kind === 'refused' && reply.code === 400) || (reply.kind === 'no_answer' && reply.code === 501);

/** WhatsApp Web falls back to phone numbers, too, when it does not know a LID. */
const canBeByLid = ({ add, remove }: ListDelta): boolean => {
  const contacts = [...add, ...remove];
  return (
    contacts.every(({ lid }) => lid !== undefined) ||
    contacts.some(({ phoneNumber }) => phoneNumber === undefined)
  );
};
