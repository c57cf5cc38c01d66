import type { BinaryNode } from '@whiskeysockets/baileys';
import type { NoAnswer, Refused } from '../../instances/ports/ports.js';
import type { IqReply } from '../connection/iq.js';
import { childOf, childrenOf, errorIn, type NodeError } from '../connection/nodes.js';

export type { Refused } from '../../instances/ports/ports.js';

/** What came of a query that changes something. */
export const setReplyOf = <Reply>(
  answer: IqReply,
  parse: (node: BinaryNode) => Reply,
): Reply | { readonly kind: 'not_sent' } | NoAnswer =>
  answer.kind === 'not_sent' ? { kind: 'not_sent' } : readReplyOf(answer, parse);

/** What came of a query that changes nothing: whether it left makes no difference. */
export function readReplyOf<Reply>(answer: IqReply, parse: (node: BinaryNode) => Reply): Reply | NoAnswer {
  if (answer.kind === 'reply') return parse(answer.node);
  return noAnswer(answer.kind === 'not_sent' ? 'closed' : answer.kind);
}

export const noAnswer = (cause: NoAnswer['cause']): NoAnswer => ({ kind: 'no_answer', cause });

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
