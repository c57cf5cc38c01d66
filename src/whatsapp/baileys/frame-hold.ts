import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** The socket below Baileys. Its `send` keeps the order of frames: each is numbered by the encryption. */
export type FrameHold = {
  /** Keeps frames back until the promise fulfils; after a rejection none leaves any more. */
  hold(until: Promise<unknown>): void;
  /** Lets no frame leave any more. */
  shut(): void;
};

type Send = (data: Uint8Array, done?: (error?: Error) => void) => void;

/** The frame was kept back and will not leave. */
export class NeverLeft extends Error {}

/**
 * Takes hold of a WebSocket: frames wait while something must become durable first, and a peer that does not take part
 * in closing is cut off after `closeMs`.
 *
 * @param mayLeave Asked of each frame at the last moment.
 */
export function frameHold(socket: WebSocket, closeMs: number, mayLeave: () => boolean): FrameHold {
  const send = inOnePiece(socket);
  const close = socket.close.bind(socket);
  const waiting: Parameters<Send>[] = [];
  let holds = 0;
  let isShut = false;

  const held: Send = (data, done) => {
    if (isShut) done?.(new NeverLeft());
    else if (holds > 0) waiting.push([data, done]);
    else if (!mayLeave()) done?.(new NeverLeft());
    // Baileys must not go on with a handshake after the end, or it starts a timer that nothing stops.
    else send(data, error => done?.(isShut ? new Error('closed') : error));
  };
  socket.send = held as WebSocket['send']; // Baileys uses this one of its forms.
  socket.close = (code, reason) => {
    const cut = setTimeout(() => socket.terminate(), closeMs);
    socket.once('close', () => clearTimeout(cut));
    close(code, reason);
  };

  function release() {
    holds--;
    if (holds > 0) return;
    for (const frame of waiting.splice(0)) held(...frame);
  }
  return {
    hold(until) {
      holds++;
      until.then(release, () => undefined);
    },
    shut() {
      isShut = true;
      for (const frame of waiting.splice(0)) held(...frame);
    },
  };
}

/** The `send` of the socket, by which frames that are sent together, as those of a wave are, leave with one write. */
function inOnePiece(socket: WebSocket): Send {
  const send: Send = socket.send.bind(socket);
  let stream: Socket | undefined;
  socket.once('upgrade', response => {
    stream = response.socket;
  });
  let isCorked = false;
  return (data, done) => {
    if (stream && !isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(() => {
        isCorked = false;
        stream?.uncork();
      });
    }
    send(data, done);
  };
}
