import type { Socket } from 'node:net';
import { readProxyHeader, type Source } from './proxy-protocol.js';

/** What became of the header: whom it tells of, if there is one; or that it can be none. */
export type TakenHeader = { readonly source: Source | undefined } | 'broken';

/** Takes the PROXY header off a connection that nobody has read from; what follows it is left to be read. */
export function takeProxyHeader(socket: Socket, done: (taken: TakenHeader) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const ignore = () => {}; // Its close is what counts.
  const take = () => {
    const chunk = socket.read() as Buffer | null;
    if (!chunk) return;
    bytes = Buffer.concat([bytes, chunk]);
    const header = readProxyHeader(bytes);
    if (header.kind === 'unfinished') return;
    socket.off('readable', take).off('end', close).off('error', ignore);
    if (header.kind === 'broken') return done('broken');
    const rest = header.kind === 'header' ? bytes.subarray(header.length) : bytes;
    if (rest.length > 0) socket.unshift(rest);
    done({ source: header.kind === 'header' ? header.source : undefined });
  };
  // The peer says no more, and its half is left open on purpose.
  const close = () => socket.destroy();
  socket.on('readable', take).once('end', close).on('error', ignore);
}
