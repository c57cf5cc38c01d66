import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  type Contact,
  type ContactId,
  EXCEPTING,
  idsOf,
  isPhoneNumber,
  type ListDelta,
} from '../../domain/settings/contact-list.js';
import { specOf } from '../../domain/settings/settings-table.js';
import { clock } from '../../domain/time/clock.js';
import type { FindReply, ListReply, OnLookUp, Session, SetReply } from '../../instances/ports/ports.js';
import type { Connection } from '../connection/connection.js';
import type { IqReply } from '../connection/iq.js';
import { type ListForm, listReadStanza, listSetStanza, parseListReply } from './contact-list-protocol.js';
import { lookupStanza, parseLookupReply } from './contact-lookup.js';
import { readReplyOf, setReplyOf } from './iq-results.js';
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
  connection: Pick<Connection, 'sendIQ'>,
): Pick<Session, 'readContactList' | 'changeContactList' | 'lookUpsFor' | 'findContacts'> {
  let remembered: LRUCache<ContactId, Contact> | undefined;
  /** The form in which lists were read on this connection. */
  let form: ListForm | undefined;

  async function read(category: string, inForm: ListForm, timeoutMs: number): Promise<ListReply> {
    const answer = await connection.sendIQ(listReadStanza(category, inForm), timeoutMs);
    return readReplyOf(answer, node => parseListReply(node, inForm));
  }

  return {
    async readContactList(setting, timeoutMs) {
      const { category } = specOf(setting);
      const until = clock() + timeoutMs;
      let tried = form ?? 'lid';
      let reply = await read(category, tried, timeoutMs);
      if (isForOtherForm(reply)) {
        const other = tried === 'lid' ? 'pn' : 'lid';
        const second = await read(category, other, Math.max(until - clock(), 0));
        if (!isForOtherForm(second)) [tried, reply] = [other, second];
      }
      if (reply.kind !== 'read') return reply;
      form = tried;
      for (const contact of reply.list.contacts) if (contact.lid !== undefined) remember(contact);
      return reply;
    },

    async changeContactList(setting, delta, stamp, timeoutMs, onLookUp, onLate) {
      const { category } = specOf(setting);
      const until = clock() + timeoutMs;
      const set = async (inForm: ListForm, users: ListDelta): Promise<SetReply> => {
        const stanza = listSetStanza(category, inForm, users, stamp);
        const replyOf = (answer: IqReply) =>
          setReplyOf(answer, node => parseSetReply(node, category, EXCEPTING));
        const leftMs = Math.max(until - clock(), 0);
        return replyOf(await connection.sendIQ(stanza, leftMs, onLate && (late => onLate(replyOf(late)))));
      };
      if (form === 'pn') return set('pn', delta);
      const whole = await withLids(delta, timeoutMs / 2, onLookUp);
      if (whole.kind !== 'delta') return whole;
      if (!canBeByLid(whole)) return set('pn', delta);
      const reply = await set('lid', whole);
      // Without a list read on this connection the form was a guess.
      return form === undefined && isForOtherForm(reply) ? set('pn', delta) : reply;
    },

    lookUpsFor: ids => unknownOf(ids).length,

    findContacts: find,
  };

  /** The delta with the LIDs that a list did not tell, as far as there are any; or why nothing can be sent. */
  async function withLids(
    { add, remove }: ListDelta,
    timeoutMs: number,
    onLookUp: OnLookUp,
  ): Promise<({ kind: 'delta' } & ListDelta) | Extract<SetReply, { kind: 'not_sent' }>> {
    const numbers = [...add, ...remove].flatMap(({ lid, phoneNumber }) =>
      lid === undefined && phoneNumber !== undefined ? [phoneNumber] : [],
    );
    if (numbers.length === 0) return { kind: 'delta', add, remove };
    const reply = await find(numbers, timeoutMs, onLookUp);
    if (reply.kind !== 'found')
      return { kind: 'not_sent', ...(reply.kind === 'refused' && { refusal: reply }) };
    const named = (contact: Contact): Contact => ({
      ...reply.contacts.get(contact.phoneNumber ?? ''),
      ...contact,
    });
    return { kind: 'delta', add: add.map(named), remove: remove.map(named) };
  }

  /** Nobody but a list tells whose number a LID stands for. */
  function unknownOf(ids: readonly ContactId[]) {
    return ids.filter(id => isPhoneNumber(id) && !remembered?.has(id));
  }

  async function find(ids: readonly ContactId[], timeoutMs: number, onLookUp: OnLookUp): Promise<FindReply> {
    const known = ids.flatMap((id): [ContactId, Contact][] => {
      const contact = remembered?.get(id);
      return contact ? [[id, contact]] : [];
    });
    const others = unknownOf(ids);
    if (others.length === 0) return { kind: 'found', contacts: new Map(known) };

    onLookUp(others.length);
    const answer = await connection.sendIQ(lookupStanza(others, randomUUID()), timeoutMs);
    const reply = readReplyOf(answer, node => parseLookupReply(node, others));
    if (reply.kind !== 'found') return reply;
    for (const [id, contact] of reply.contacts) remember(contact, id);
    return { kind: 'found', contacts: new Map([...known, ...reply.contacts]) };
  }

  function remember(contact: Contact, ...others: ContactId[]) {
    // Made when it is needed, and without `max`, which would take the room for all of them at once.
    remembered ??= new LRUCache({ maxSize: REMEMBERED, sizeCalculation: () => 1, ttl: REMEMBERED_FOR_MS });
    for (const id of new Set([...idsOf(contact), ...others])) remembered.set(id, contact);
  }
}

/** 400 or 501: an account takes lists in one form only, reads included (zapo, whatsapp-rust). */
const isForOtherForm = (reply: ListReply | SetReply): boolean =>
  (reply.kind === 'refused' && reply.code === 400) || (reply.kind === 'no_answer' && reply.code === 501);

/** WhatsApp Web, too, falls back to phone numbers when it does not know a LID; which needs all of them. */
const canBeByLid = ({ add, remove }: ListDelta): boolean => {
  const contacts = [...add, ...remove];
  return (
    contacts.every(({ lid }) => lid !== undefined) ||
    contacts.some(({ phoneNumber }) => phoneNumber === undefined)
  );
};
