import { jidDecode } from '@whiskeysockets/baileys';
import { attr, type BinaryNode, userOf } from '../wire/stanza.js';
import type { Behaviour } from '../world/behaviour.js';
import type { Account } from '../world/world.js';

/** What a client's answer does to a stanza that was kept for it. */
export type Verdict =
  /** It is not sent again. */
  | 'settled'
  /** A story that was answered with an error: it stays, and nothing behind it is delivered (Baileys 2779). */
  | 'refused'
  /** It stays as if nothing had come. */
  | 'ignored';

/**
 * What an ack or a receipt does to a stanza of the same id. An ack settles everything but the account's own messages, for
 * which WhatsApp wants `<receipt type="sender">` (whatsapp-rust 659); the receipt of a message settles it, unless it asks
 * for it again. Both must go back to where it came from, with its `recipient` (whatsapp-rust 633).
 */
export function verdictOn(
  { refusedStory, ownMessageAck }: Behaviour,
  account: Account,
  stanza: BinaryNode,
  answer: BinaryNode,
): Verdict {
  const isAnswer =
    attr(answer, 'id') === attr(stanza, 'id') &&
    isSameJid(attr(answer, 'to'), attr(stanza, 'from')) &&
    isSameJid(attr(answer, 'recipient'), attr(stanza, 'recipient'));
  if (!isAnswer) return 'ignored';
  if (answer.tag === 'receipt') return isReceiptFor(account, stanza, answer) ? 'settled' : 'ignored';
  if (attr(answer, 'class') !== stanza.tag) return 'ignored';
  if (isOwnMessage(account, stanza)) return ownMessageAck;
  const isRefusal = attr(answer, 'error') !== undefined && isStory(stanza);
  return isRefusal && refusedStory === 'stops' ? 'refused' : 'settled';
}

function isReceiptFor(account: Account, stanza: BinaryNode, receipt: BinaryNode): boolean {
  if (stanza.tag !== 'message') return false;
  const type = attr(receipt, 'type');
  return isOwnMessage(account, stanza) ? type === 'sender' : type !== 'retry';
}

/** One that another device of the account sent to a chat. */
const isOwnMessage = ({ phoneNumber, lid }: Account, { tag, attrs }: BinaryNode): boolean =>
  tag === 'message' && attrs['recipient'] !== undefined && [phoneNumber, lid].includes(userOf(attrs['from']));

const isStory = (stanza: BinaryNode): boolean => attr(stanza, 'from') === 'status@broadcast';

/** WhatsApp's own address may have an `@` in front, and a phone the device 0. */
function isSameJid(one: string | undefined, other: string | undefined): boolean {
  const [a, b] = [jidDecode(one), jidDecode(other)];
  if (!a?.user || !b?.user) return one?.replace(/^@/, '') === other?.replace(/^@/, '');
  return a.user === b.user && a.server === b.server && (a.device ?? 0) === (b.device ?? 0);
}
