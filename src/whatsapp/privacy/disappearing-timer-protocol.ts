import type { BinaryNode } from '@whiskeysockets/baileys';
import { isValueOf, specOf } from '../../domain/settings/settings-table.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { NoAnswer } from '../../instances/ports/ports.js';
import { errorIn, iqStanza } from '../connection/nodes.js';
import { contentOf, failed, type Refused, UNCLEAR } from './iq-results.js';

/*
 * The timer of new chats, as WhatsApp Web reads it (WAWebQueryDisappearingModeJob; November 2026) and as Baileys sets it
 * (`updateDefaultDisappearingMode`):
 *
 * read    <iq to="s.whatsapp.net" type="get" xmlns="disappearing_mode"/>
 * reply   <iq type="result"><disappearing_mode duration="86400" t="1764000000"/></iq>
 *
 * set     <iq to="s.whatsapp.net" type="set" xmlns="disappearing_mode"><disappearing_mode duration="86400"/></iq>
 * reply   <iq type="result"/>
 *
 * either  <iq type="error"><error code="400" text="bad-request"/></iq>
 */

/** What WhatsApp says of the timer: `value` in seconds, also one that the table does not know. */
export type TimerReply = { readonly kind: 'read'; readonly value: string } | Refused | NoAnswer;

export const timerReadStanza = (): BinaryNode => iqStanza('get', 'disappearing_mode');

export const timerSetStanza = (value: string): BinaryNode =>
  iqStanza('set', 'disappearing_mode', { tag: 'disappearing_mode', attrs: { duration: value } });

export function parseTimerReply(reply: BinaryNode): TimerReply {
  const answer = contentOf(reply, 'disappearing_mode');
  if (!answer.content) return answer.failure;
  const value = answer.content.attrs['duration'];
  return value ? { kind: 'read', value } : UNCLEAR;
}

/** Judges the answer to a set. A result names no value, so `accepted` proves nothing yet. */
export function parseTimerSetReply(reply: BinaryNode): { readonly kind: 'accepted' } | Refused | NoAnswer {
  const error = errorIn(reply);
  if (reply.attrs['type'] === 'error' && error) return failed(error);
  return reply.attrs['type'] === 'result' && !error ? { kind: 'accepted' } : UNCLEAR;
}

/** The settings with what WhatsApp says of the timer among them. */
export function withTimer(snapshot: Snapshot, reply: TimerReply): Snapshot {
  const { category } = specOf('default_disappearing_timer');
  if (reply.kind === 'read') {
    const { value } = reply;
    const one = { category, value };
    const told = { ...snapshot, categories: [...snapshot.categories, one] };
    return isValueOf('default_disappearing_timer', value)
      ? { ...told, values: { ...snapshot.values, default_disappearing_timer: value } }
      : { ...told, others: [...snapshot.others, one] };
  }
  if (NOT_REPORTED.includes(reply.code)) return snapshot;
  const text = reply.kind === 'refused' ? reply.text : IN_WORDS[reply.cause];
  const isSilent = reply.kind === 'no_answer' && SILENT.includes(reply.cause);
  const unreadable = { category, code: reply.code ?? 0, text, ...(isSilent && { isSilent }) };
  return { ...snapshot, unreadable: [...snapshot.unreadable, unreadable] };
}

const SILENT: readonly NoAnswer['cause'][] = ['timeout', 'closed'];

/** Item not found, feature not implemented: the account has no timer. */
const NOT_REPORTED: readonly (number | undefined)[] = [404, 501];

/** Whether WhatsApp would say the same again as long as nothing changes. */
export const isLasting = (reply: TimerReply): boolean =>
  reply.kind === 'read' ||
  NOT_REPORTED.includes(reply.code) ||
  (reply.kind === 'refused' && reply.code !== 429);

/** What no error of WhatsApp's says. */
const IN_WORDS: Readonly<Record<NoAnswer['cause'], string>> = {
  timeout: 'no answer',
  closed: 'no answer',
  unclear: 'an answer without a value',
  fault: '',
};
