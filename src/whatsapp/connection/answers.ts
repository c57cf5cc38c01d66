import { type BinaryNode, buildAckStanza, jidDecode } from '@whiskeysockets/baileys';
import { childOf } from './nodes.js';

/** The account's own addresses, each with the device. */
export type Me = { readonly id: string; readonly lid?: string };

/**
 * The stanza that says of another that it has arrived; undefined for one that cannot be answered. Without it WhatsApp
 * keeps the stanza, sends it at each login and ends the stream after some 50 minutes. Never with an error for what is only
 * not read here: for a story so refused WhatsApp withholds everything behind it (Baileys 2779).
 */
export function plainAck(node: BinaryNode, me?: Me): BinaryNode | undefined {
  if (!node.attrs['id'] || !node.attrs['from']) return undefined;
  const ack = buildAckStanza(node, undefined, me?.id);
  // As for messages; Baileys does not know `<status>`.
  return node.tag === 'status' && me ? { ...ack, attrs: { ...ack.attrs, from: me.id } } : ack;
}

/**
 * What answers a stanza that this device does not read: that it has arrived, and of a tag that nobody here knows, that
 * it is unknown, as WhatsApp Web does. Undefined for those that want no answer, or get one elsewhere.
 */
export function answerTo(node: BinaryNode, me: Me | undefined): BinaryNode | undefined {
  if (node.tag.startsWith('stream:') || ELSEWHERE.has(node.tag)) return undefined;
  if (isOwnFanOut(node, me)) return senderReceipt(node);
  const ack = plainAck(node, me);
  const isKnown = ARRIVES.has(node.tag);
  return !ack || isKnown ? ack : { ...ack, attrs: { ...ack.attrs, error: UNRECOGNISED_STANZA } };
}

/** Whether an IQ of WhatsApp's is a ping, in any form that WhatsApp Web answers (whatsapp-rust `is_ping_request`). */
export const isPing = (iq: BinaryNode): boolean =>
  (iq.attrs['type'] ?? 'get') === 'get' &&
  (iq.attrs['xmlns'] === 'urn:xmpp:ping' || childOf(iq, 'ping') !== undefined);

const ARRIVES: ReadonlySet<string> = new Set(['message', 'status', 'appdata', 'receipt', 'call']);
/** IQs and notifications are answered by those who handle them, the others by nobody. */
const ELSEWHERE: ReadonlySet<string> = new Set(
  'iq notification ack error failure success ib presence chatstate xmlstreamend'.split(' '),
);
/** WhatsApp Web's NackReason. */
const UNRECOGNISED_STANZA = '488';

/** A message that another device of the account sent: `recipient` is the chat. */
function isOwnFanOut({ tag, attrs }: BinaryNode, me: Me | undefined): boolean {
  if (tag !== 'message' || attrs['recipient'] === undefined) return false;
  const { user, server } = jidDecode(attrs['from']) ?? {};
  const own = jidDecode(server === 'lid' ? me?.lid : me?.id);
  return own !== undefined && user === own.user;
}

/**
 * For which WhatsApp takes nothing else (whatsapp-rust 659). It goes to the account's own device and tells no contact
 * anything.
 */
function senderReceipt({ attrs }: BinaryNode): BinaryNode | undefined {
  const { id, from, recipient } = attrs;
  if (!id || !from || !recipient) return undefined;
  return { tag: 'receipt', attrs: { id, to: from, type: 'sender', recipient } };
}
