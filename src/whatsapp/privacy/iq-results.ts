import type { BinaryNode } from '@whiskeysockets/baileys';
import type { NoAnswer, Refused } from '../../instances/account/ports.js';
import { childOf, childrenOf, errorIn, type NodeError } from '../connection/nodes.js';

export type { Refused } from '../../instances/account/ports.js';

/** A reply that fits no rule. */
export const UNCLEAR: NoAnswer = { kind: 'no_answer', cause: 'unclear' };

/** An error without an `<error/>`. */
export const NO_DETAILS: NodeError = { code: undefined, text: '' };

/** A code from 500, or none, says that WhatsApp failed, not that it did nothing: the effect of a set is unknown. */
export const failed = ({ code, text }: NodeError): NoAnswer | Refused =>
  code === undefined || code >= 500
    ? { kind: 'no_answer', cause: 'fault', ...(code !== undefined && { code }) }
    : { kind: 'refused', code, text };

/** The one element with the tag that a result holds, or what there was in its place. */
export function contentOf(
  reply: BinaryNode,
  tag: string,
): { content: BinaryNode } | { content?: undefined; failure: NoAnswer | Refused } {
  const error = errorIn(reply);
  if (reply.tag !== 'iq') return { failure: UNCLEAR };
  if (reply.attrs['type'] === 'error') return { failure: error ? failed(error) : UNCLEAR };
  const content = childOf(reply, tag);
  const clear = reply.attrs['type'] === 'result' && !error && childrenOf(reply, tag).length === 1;
  return content && clear ? { content } : { failure: UNCLEAR };
}
