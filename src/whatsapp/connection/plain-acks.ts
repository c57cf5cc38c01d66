import { type BinaryNode, buildAckStanza, NACK_REASONS } from '@whiskeysockets/baileys';

/**
 * What answers a message, a receipt or a call, so that WhatsApp does not send it again: that a message could not be
 * handled, as Baileys says of chats that are to be ignored, and that the others have arrived.
 *
 * @param me The account's JID with the device.
 */
export const plainAck = (node: BinaryNode, me: string | undefined): BinaryNode =>
  buildAckStanza(node, node.tag === 'message' ? NACK_REASONS.UnhandledError : undefined, me);
