import { type BinaryNode, S_WHATSAPP_NET } from '@whiskeysockets/baileys';

/** WhatsApp's own address. */
export const SERVER: string = S_WHATSAPP_NET;

/** Whether this is WhatsApp's own address, which comes as a JID or as text. */
export const isServer = (from: string | undefined): boolean => from === SERVER || `@${from}` === SERVER;

/** What an `<error code text/>` element says. */
export type NodeError = {
  /** Undefined when it is missing or no positive whole number. */
  readonly code: number | undefined;
  readonly text: string;
};

/** The elements within a node, or only those with the tag. */
export const childrenOf = ({ content }: BinaryNode, tag?: string): BinaryNode[] =>
  Array.isArray(content) ? content.filter(child => tag === undefined || child.tag === tag) : [];

/** The first element with the tag. */
export const childOf = (node: BinaryNode, tag: string): BinaryNode | undefined => childrenOf(node, tag)[0];

/** What a node holds besides elements; undefined when it holds nothing. */
export function bytesIn({ content }: BinaryNode): Buffer | undefined {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : undefined;
}

/** The bytes in the first element with the tag. */
export function bytesOf(node: BinaryNode, tag: string): Buffer | undefined {
  const child = childOf(node, tag);
  return child && bytesIn(child);
}

/** The number in an attribute: undefined for anything but digits. */
export const codeOf = (digits: string | undefined): number | undefined =>
  /^[1-9]\d{0,5}$/.test(digits ?? '') ? Number(digits) : undefined;

/** The first `<error/>` within a node. */
export function errorIn(node: BinaryNode): NodeError | undefined {
  const error = childOf(node, 'error');
  return error && { code: codeOf(error.attrs['code']), text: plain(error.attrs['text'] ?? '') };
}

/** A text of WhatsApp's, safe to show: one short line. */
const plain = (text: string): string => text.replace(/\p{C}+/gu, ' ').slice(0, 200);

/** An IQ to WhatsApp, without the id, which it gets when it is sent. */
export const iqStanza = (type: 'get' | 'set', xmlns: string, ...content: BinaryNode[]): BinaryNode => ({
  tag: 'iq',
  attrs: { to: SERVER, type, xmlns },
  ...(content.length > 0 && { content }),
});

/** The empty result that answers an IQ of the server's. */
export const resultOf = ({ attrs }: BinaryNode): BinaryNode => ({
  tag: 'iq',
  attrs: { to: SERVER, type: 'result', id: attrs['id'] ?? '' },
});
