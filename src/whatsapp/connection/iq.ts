import type { BinaryNode } from '@whiskeysockets/baileys';
import { LONGEST_TIMER_MS } from '../../domain/longest-timer.js';
import { patience } from '../../domain/time/patience.js';
import { NeverLeft } from '../baileys/frame-hold.js';
import type { LightSocket } from '../baileys/light-socket.js';
import { withoutStacks } from '../baileys/without-stacks.js';
import { statusOf } from './disconnects.js';

/** What became of a query. */
export type IqReply =
  | { readonly kind: 'reply'; readonly node: BinaryNode }
  /** It did not leave. */
  | { readonly kind: 'not_sent' }
  /** It may have left. */
  | { readonly kind: 'timeout' | 'closed' };

/** Is given what comes for a query after its time, at the latest `closed` at the end of the connection. */
export type OnLate<Reply> = (reply: Reply) => void;

/** Is called as a stanza that answers a query arrives, so that answers can be put in order. */
export type OnArrival = () => void;

/**
 * Queries of our own. Baileys' `query` hides error stanzas behind its errors, and does not notice the end of the
 * connection while it waits.
 */
export function iqs({ ws, generateMessageTag, sendNode }: LightSocket) {
  // Baileys throws at once what it cannot encode.
  const send = async (node: BinaryNode) => withoutStacks(() => sendNode(node));
  const pending = new Set<(answer: IqReply) => void>();

  function ask(
    node: BinaryNode,
    timeoutMs: number,
    onLate?: OnLate<IqReply>,
    onArrival?: OnArrival,
  ): Promise<IqReply> {
    // Never given twice on a connection, so a late reply meets nobody who did not ask for it.
    const id = generateMessageTag();
    const reply = `TAG:${id}`;
    return new Promise(resolve => {
      let give: OnLate<IqReply> = resolve;
      const stopWaiting = patience(Math.min(timeoutMs, LONGEST_TIMER_MS), expire);
      pending.add(settle);
      ws.on(reply, onStanza);
      send({ ...node, attrs: { ...node.attrs, id } }).catch(error =>
        settle({ kind: neverLeft(error) ? 'not_sent' : 'closed' }),
      );

      function onStanza(stanza: BinaryNode) {
        if (stanza.tag !== 'iq') return;
        onArrival?.();
        settle({ kind: 'reply', node: stanza });
      }
      function expire() {
        if (!onLate) return settle({ kind: 'timeout' });
        give({ kind: 'timeout' });
        give = onLate;
      }
      function settle(answer: IqReply) {
        stopWaiting();
        pending.delete(settle);
        ws.off(reply, onStanza);
        give(answer);
      }
    });
  }

  return {
    ask,
    /** Sends a stanza that has no answer; false when it did not leave. */
    tell: (node: BinaryNode): Promise<boolean> =>
      send(node).then(
        () => true,
        error => !neverLeft(error),
      ),
    /** The connection has ended: every pending query is answered with that. */
    abandon: () => {
      for (const settle of pending) settle({ kind: 'closed' });
    },
  };
}

/** Baileys refuses with 428 what it is asked to send on a closed socket, before it encrypts; so does the gate. */
const neverLeft = (error: unknown): boolean => error instanceof NeverLeft || statusOf(error) === 428;
