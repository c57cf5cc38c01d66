import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { slots } from '../../domain/slots.js';
import { countedAddress } from '../peers/peer-address.js';

/** What a peer that has shown no token may hold. */
export type ConnectionLimits = {
  /** Of this process; more are closed as they come. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** From the connect until the peer has spoken HTTP/2, the TLS handshake included. */
  readonly handshakeMs: number;
  /** From the headers of a call until the whole of its message. */
  readonly messageMs: number;
};

/** Streams of any length by design. */
const REFLECTION = /^\/grpc\.reflection\./;
/** For a caller to take the refusal in, before the stream that it leaves open is reset. */
const LINGER_MS = 1_000;

/** The connections of a server that is watched. */
export type Connections = {
  /** Ends them all at once, also those whose peers never will. */
  cut(): void;
};

/** Bounds what peers can hold open without a token, and knows their connections. */
export function boundConnections(server: Http2Server, limits: ConnectionLimits): Connections {
  const open = new Map<string, { readonly socket: Socket; spoke(): void }>();
  const ofAddress = slots(limits.connectionsPerAddress);
  server.maxConnections = limits.connections;

  server.prependListener('connection', (socket: Socket) => {
    const place = ofAddress(countedAddress(socket.remoteAddress ?? 'unknown'));
    if (!place) return void socket.destroy();
    const key = keyOf(socket);
    const silent = setTimeout(() => socket.destroy(), limits.handshakeMs);
    open.set(key, { socket, spoke: () => clearTimeout(silent) });
    socket.once('close', () => {
      clearTimeout(silent);
      open.delete(key);
      place[Symbol.dispose]();
    });
  });
  // With TLS the session's socket is another object than the one that was accepted.
  server.on('session', (session: ServerHttp2Session) => {
    const key = keyOf(session.socket);
    session.once('remoteSettings', () => open.get(key)?.spoke());
  });
  server.prependListener('stream', (stream: ServerHttp2Stream, headers) => {
    if (!REFLECTION.test(String(headers[':path']))) endUnlessWhole(stream, limits.messageMs);
  });

  return {
    cut() {
      for (const { socket } of open.values()) socket.destroy();
    },
  };
}

/** Resets a stream whose peer does not end its side: in time, and after the answer. */
function endUnlessWhole(stream: ServerHttp2Stream, messageMs: number): void {
  const cancel = (code: number) => () => stream.readableEnded || stream.close(code);
  let timer = setTimeout(cancel(NO_MESSAGE), messageMs);
  stream.once('end', () => clearTimeout(timer));
  stream.once('close', () => clearTimeout(timer));
  stream.once('finish', () => {
    clearTimeout(timer);
    if (!stream.readableEnded) timer = setTimeout(cancel(NO_ERROR), LINGER_MS);
  });
}

/** RFC 9113 section 7; 8.1 names NO_ERROR for an answer that needs no more of the request. */
const NO_ERROR = 0;
const NO_MESSAGE = 8;

const keyOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>) =>
  `${remoteAddress}|${remotePort}`;
