import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import type { Run } from './oracle.js';
import { categoryOf } from './settings.js';

/** A run as a person reads it: what was asked for, what went wrong, what WhatsApp saw, what was answered. */
export function storyOf({ plan, before, events, answer, answeredAt, cancelTime }: Run): string {
  const start = events[0]?.time ?? 0;
  const { faults, wishes, meanwhile, onFailure, ...rest } = plan;
  const told = answer.outcomes?.map(one => `${categoryOf(one.setting)} ${State[one.state]} (${one.message})`);
  return [
    `before ${inWords(before)}; wished ${inWords(wishes)}; ${OnFailure[onFailure]}; ${JSON.stringify(rest)}`,
    ...faults.map(fault => `fault ${JSON.stringify(fault)}`),
    ...meanwhile.map(change => `phone ${JSON.stringify(change)}`),
    eventsInWords(events, answeredAt),
    `${cancelTime === undefined ? '' : `left at ${cancelTime - start} ms, then `}${status[answer.code]} ${answer.reason}`,
    ...(told ?? ['no outcomes']),
  ].join('\n    ');
}

/** What WhatsApp saw, with a star where the answer was there already. */
export const eventsInWords = (events: readonly PrivacyEvent[], answeredAt: number): string =>
  events
    .map((event, place) => {
      const mark = place < answeredAt ? ' ' : '*';
      return `${mark} ${event.time - (events[0]?.time ?? 0)} ms ${eventInWords(event)}`;
    })
    .join('\n    ');

const inWords = (values: object): string =>
  Object.entries(values)
    .map(([category, value]) => `${category}=${value}`)
    .join(' ');

type Node = Extract<PrivacyEvent, { event: 'answered' }>['reply'];

function eventInWords(event: PrivacyEvent): string {
  switch (event.event) {
    case 'asked':
      return `asked on ${event.connection}: ${nodeInWords(event.iq)}`;
    case 'changed':
      return `changed ${event.category}=${event.value} ${event.contacts?.join() ?? ''}${event.device === 0 ? ' on the phone' : ''}`;
    case 'answered':
      return `answered on ${event.connection}: ${nodeInWords(event.reply)}`;
  }
}

/** Tags are left out where they say nothing. */
function nodeInWords({ attrs, content }: Node): string {
  const { type, name, value, code, action, jid } = attrs;
  const inside = Array.isArray(content) ? content.map(nodeInWords) : [];
  return [type, code, name && `${name}=${value}`, action, jid, ...inside].filter(Boolean).join(' ');
}
