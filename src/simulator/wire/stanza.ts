import { type BinaryNode, jidDecode } from '@whiskeysockets/baileys';
import { wallMs } from '../../domain/time/wall-time.js';

export type { BinaryNode };

/** The jid of the server itself: with the @ it is written as a jid, and not as a word. */
export const SERVER = '@s.whatsapp.net';

/** A stanza or a part of one. */
export function node(
  tag: string,
  attrs: Record<string, string | undefined> = {},
  content?: BinaryNode[] | Uint8Array,
): BinaryNode {
  const present = Object.entries(attrs).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { tag, attrs: Object.fromEntries(present), ...(content && { content }) };
}

/** The child stanzas, all or those with the tag. */
export function children(parent: BinaryNode | undefined, tag?: string): BinaryNode[] {
  const all = Array.isArray(parent?.content) ? parent.content : [];
  return tag === undefined ? all : all.filter(child => child.tag === tag);
}

export const child = (parent: BinaryNode | undefined, tag: string): BinaryNode | undefined =>
  children(parent, tag)[0];

export const attr = (part: BinaryNode | undefined, name: string): string | undefined => part?.attrs[name];

/** The content of a stanza that holds bytes; empty when it holds none. */
export function bytesOf(part: BinaryNode | undefined): Buffer {
  const content = part?.content;
  return content === undefined || Array.isArray(content) ? Buffer.alloc(0) : Buffer.from(content);
}

/** The code of an IQ error and its usual text. */
export const ERROR_TEXTS: Readonly<Record<number, string>> = {
  400: 'bad-request',
  401: 'not-authorized',
  403: 'forbidden',
  404: 'item-not-found',
  405: 'not-allowed',
  406: 'not-acceptable',
  409: 'conflict',
  419: 'resource-limit',
  423: 'locked',
  429: 'rate-overlimit',
  500: 'internal-server-error',
  501: 'feature-not-implemented',
  503: 'service-unavailable',
  530: 'partial-server-error',
};

export const errorNode = (code: number, text = ERROR_TEXTS[code] ?? 'error'): BinaryNode =>
  node('error', { code: String(code), text });

/** The answer to an IQ. */
export const result = (request: BinaryNode, content?: BinaryNode[]): BinaryNode =>
  node('iq', { from: SERVER, id: attr(request, 'id'), type: 'result', t: seconds() }, content);

/** The refusal of an IQ. */
export const refusal = (request: BinaryNode, code: number, text?: string): BinaryNode =>
  node('iq', { from: SERVER, id: attr(request, 'id'), type: 'error' }, [errorNode(code, text)]);

/** Whether a client's IQ answers one of ours. */
export const isReply = (iq: BinaryNode): boolean => ['result', 'error'].includes(attr(iq, 'type') ?? '');

/** The content of a client's answer to an IQ of ours; undefined when it is an error or none came. */
export const resultChild = (answer: BinaryNode | undefined): BinaryNode | undefined =>
  attr(answer, 'type') === 'result' ? children(answer)[0] : undefined;

/** WhatsApp's time: seconds since 1970. */
export const seconds = (time = wallMs()): string => String(Math.floor(time / 1000));

/** The device a jid names; 0 is the phone. */
export const deviceOf = (jid: string | undefined): number => jidDecode(jid)?.device ?? 0;
/** The user part of a jid. */
export const userOf = (jid: string | undefined): string => jidDecode(jid)?.user ?? '';
