import type { Disconnect } from '../../domain/disconnect.js';
import { streamEnded, timedOut, unclear } from '../connection/disconnects.js';
import type { IqReply } from '../connection/iq.js';
import { errorIn } from '../connection/nodes.js';

/**
 * How a link ends whose query has no result.
 *
 * @param refused What it is when WhatsApp answered with an error.
 * @param doing What the query was for, in words.
 */
export function noResult<Kind extends string>(
  answer: IqReply,
  refused: Kind,
  doing: string,
): { kind: Kind; code: number; text: string } | { kind: 'disconnected'; disconnect: Disconnect } {
  if (answer.kind === 'timeout') return disconnected(timedOut(`WhatsApp did not answer while ${doing}`));
  if (answer.kind !== 'reply') return disconnected(streamEnded());
  const error = errorIn(answer.node);
  return error?.code === undefined
    ? disconnected(unclear(`WhatsApp gave no usable answer while ${doing}`))
    : { kind: refused, code: error.code, text: error.text };
}

const disconnected = (disconnect: Disconnect) => ({ kind: 'disconnected', disconnect }) as const;
