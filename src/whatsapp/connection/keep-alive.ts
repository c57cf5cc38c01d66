import type { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { clock } from '../../domain/time/clock.js';
import type { IqReply } from './iq.js';
import { iqStanza } from './nodes.js';

/** Answered at once, after everything sent before it. */
export const PING: BinaryNode = iqStanza('get', 'w:p', { tag: 'ping', attrs: {} });

/** Moments within an interval at which connections ping. */
const BEATS = 250;

/**
 * Pings from the first stanza on, about every `intervalMs`. Calls `onSilence` when nothing at all arrives within half
 * of that after a ping; Baileys' own takes up to two intervals to notice.
 */
export function keepAlive(
  ws: EventEmitter,
  ask: (node: BinaryNode, timeoutMs: number) => Promise<IqReply>,
  intervalMs: number,
  onSilence: () => void,
) {
  let timer: NodeJS.Timeout | undefined;
  let stanzas = 0;
  let stopped = false;

  ws.on('frame', (frame: BinaryNode | Uint8Array) => {
    if (frame instanceof Uint8Array) return; // Part of the handshake, in which a ping has no place.
    stanzas++;
    if (!timer) arm();
  });

  function arm() {
    if (!stopped) timer = setTimeout(() => void ping(), untilBeat(intervalMs * (0.8 + Math.random() * 0.4)));
  }

  /**
   * Spread out, or a thousand connections opened together would ping together; but a few of them at the same beat,
   * whose answers come in the same turn of the event loop, cost less than each by itself.
   */
  function untilBeat(ms: number): number {
    const beatMs = intervalMs / BEATS;
    return ms + beatMs - ((clock() + ms) % beatMs);
  }

  async function ping() {
    const before = stanzas;
    const { kind } = await ask(PING, intervalMs / 2);
    if (kind === 'timeout' && stanzas === before) onSilence();
    else arm();
  }

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
