import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { delayLine } from './delay-line.js';

/** One WebSocket with latency, and the ways in which a network fails. */
export type Wire = {
  readonly write: (bytes: Buffer) => void;
  /** Puts this many coming writes into one WebSocket message. */
  readonly joinNext: (count: number) => void;
  /** Closes after everything written before. */
  readonly close: () => void;
  /** The same after a while, unless the client closes before; nothing is read or written meanwhile. */
  readonly closeIn: (ms: number) => void;
  /** Ends the TCP connection with RST. */
  readonly reset: () => void;
  /** Neither reads nor writes from now on, and stays connected. */
  readonly mute: () => void;
  /** Whether what is written now still leaves. */
  readonly isOpen: () => boolean;
};

export function openWire(
  ws: WebSocket,
  tcp: Socket,
  on: { tripMs: () => number; bytes: (bytes: Buffer) => void; closed: () => void },
): Wire {
  const inward = delayLine(on.tripMs);
  const outward = delayLine(on.tripMs);
  let muted = false;
  let over = false;
  let isLeaving = false;
  let joining = 0;
  let joined: Buffer[] = [];

  ws.binaryType = 'nodebuffer';
  ws.on('message', data => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    inward(() => {
      if (!muted && !isLeaving) on.bytes(bytes);
    });
  });
  ws.on('error', () => ws.terminate());
  ws.on('close', on.closed);

  const transmit = (bytes: Buffer) =>
    outward(() => {
      if (!muted && !isLeaving && ws.readyState === ws.OPEN) ws.send(bytes);
    });

  return {
    write(bytes) {
      if (joining === 0) return transmit(bytes);
      joined.push(bytes);
      if (joined.length < joining) return;
      const message = Buffer.concat(joined);
      joining = 0;
      joined = [];
      transmit(message);
    },
    joinNext(count) {
      joining = count;
    },
    close() {
      over = true;
      outward(() => {
        if (!muted) ws.close();
      });
    },
    closeIn(ms) {
      over = true;
      outward(() => {
        isLeaving = true;
        const timer = setTimeout(() => ws.close(), ms).unref();
        ws.once('close', () => clearTimeout(timer));
      });
    },
    reset() {
      over = true;
      outward(() => tcp.resetAndDestroy());
    },
    mute() {
      over = true;
      muted = true;
      ws.pause();
    },
    isOpen: () => !over,
  };
}
