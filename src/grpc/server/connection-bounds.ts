import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { slots } from '../../domain/slots.js';
import type { StrangerDeed, Strangers } from '../../observability/strangers.js';
import type { CallContext } from '../calls/call-context.js';
import { connectionKey } from '../peers/connection-key.js';
import type { FloodLimits } from '../peers/floods.js';
import { countedAddress } from '../peers/peer-address.js';
import { takeProxyHeader } from '../peers/proxy-header.js';
import type { Source } from '../peers/proxy-protocol.js';
import type { TrustedHops } from '../peers/trusted-hops.js';
import { type Connection, floodWatch } from './flood-watch.js';
import { meetFirst } from './http2-servers.js';
import { streamBounds } from './stream-bounds.js';

/** What a peer that has shown no token may hold. */
export type ConnectionLimits = FloodLimits & {
  /** Of this process; more are closed as they come. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** From the connect until the peer has spoken HTTP/2, PROXY header and TLS handshake included. */
  readonly handshakeMs: number;
  /** From the headers of a call until the whole of its message. */
  readonly messageMs: number;
};

/** The connections of the servers that are watched. */
export type Connections = {
  watch(server: Http2Server, isServed: (path: string) => boolean): void;
  /** The token of a call on this connection is being looked up. */
  asked(call: Pick<CallContext, 'connection'>, lookUp: Promise<void>): void;
  /** It is good. */
  known(call: Pick<CallContext, 'connection'>): void;
  /** It was accepted, too. */
  accepted(call: Pick<CallContext, 'connection'>): void;
  /** Ends them all at once, also those whose peers never will. */
  cut(): void;
  /** Ends the watch, when there are none any more. */
  stop(): void;
};

const HEALTH = /^\/grpc\.health\./;
/** Streams of any length by design. */
const REFLECTION = /^\/grpc\.reflection\./;

/** `source` is who a hop said made it. */
type Known = Connection & { readonly silent: NodeJS.Timeout; readonly source: Source | undefined };

/** Bounds what peers can hold open and send without a token, and knows their connections. */
export function boundConnections(
  limits: ConnectionLimits,
  hops: TrustedHops,
  strangers: Strangers,
): Connections {
  const accepted = new Set<Socket>();
  /** By the ends of the socket, and by those that it shows where a hop told of another caller. */
  const known = new Map<string, Known>();
  const ofSession = new WeakMap<object, Known>();
  const ofAddress = slots(limits.connectionsPerAddress);
  const flood = floodWatch(limits, strangers);
  const requests = streamBounds(limits.messageMs, address => strangers.seen('call_half_open', address));

  function close(socket: Socket, deed: StrangerDeed) {
    strangers.seen(deed, countedAddress(socket.remoteAddress ?? 'unknown'));
    socket.destroy();
  }

  function meet(serve: () => void, socket: Socket) {
    accepted.add(socket);
    const silent = setTimeout(() => close(socket, 'connection_silent'), limits.handshakeMs);
    socket.once('close', () => {
      clearTimeout(silent);
      accepted.delete(socket);
    });
    if (!hops.has(socket.remoteAddress ?? '')) return admit(socket, undefined, silent, serve);
    takeProxyHeader(socket, taken => {
      if (taken === 'broken') close(socket, 'connection_broken');
      else admit(socket, taken.source, silent, serve);
    });
  }

  /** Serves a connection whose caller is known, if there is a place for it. */
  function admit(socket: Socket, source: Source | undefined, silent: NodeJS.Timeout, serve: () => void) {
    const keys = [connectionKey(socket)];
    if (source) {
      showCaller(socket, source);
      keys.push(connectionKey(socket));
    }
    const { remoteAddress = 'unknown' } = socket;
    const address = countedAddress(remoteAddress);
    const isHop = hops.has(remoteAddress);
    const place = isHop ? undefined : ofAddress(address);
    if (!isHop && (!place || flood.isRefused(address))) {
      place?.[Symbol.dispose]();
      return close(socket, 'connection_refused');
    }
    const one = {
      socket,
      address,
      isHop,
      source,
      silent,
      calls: 0,
      askedCalls: 0,
      knownCalls: 0,
      acceptedCalls: 0,
      bytesSeen: 0,
      byteCredit: 0,
      callCredit: 0,
      wasted: 0,
      isFlood: false,
    };
    for (const key of keys) known.set(key, one);
    flood.add(one);
    socket.once('close', () => {
      for (const key of keys) known.delete(key);
      flood.remove(one);
      place?.[Symbol.dispose]();
    });
    const wait = isHop ? 0 : flood.turn(address);
    if (wait === 0) serve();
    else setTimeout(serveInTurn, wait);

    function serveInTurn() {
      if (flood.isRefused(address)) close(socket, 'connection_refused');
      else if (!socket.destroyed) serve();
    }
  }

  function watch(server: Http2Server, isServed: (path: string) => boolean) {
    server.maxConnections = limits.connections;
    server.on('drop', dropped =>
      strangers.seen('connection_refused', countedAddress(dropped?.remoteAddress ?? 'unknown')),
    );
    // Before TLS, for the header comes before it.
    meetFirst(server, 'connection', meet);
    // With TLS it is another object than the one that was accepted.
    server.prependListener('secureConnection', (secured: Socket) => {
      const source = known.get(connectionKey(secured))?.source;
      if (source) showCaller(secured, source);
    });
    server.on('session', (session: ServerHttp2Session) => {
      const one = known.get(connectionKey(session.socket));
      if (!one) return;
      one.session = session;
      ofSession.set(session, one);
      session.once('remoteSettings', () => clearTimeout(one.silent));
    });
    server.on('sessionError', (error: NodeJS.ErrnoException, session: ServerHttp2Session) => {
      const one = ofSession.get(session);
      if (one && error.code?.startsWith('ERR_HTTP2')) strangers.seen('connection_broken', one.address);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, secured: Socket) => {
      const one = known.get(connectionKey(secured));
      if (one && error.code !== 'ECONNRESET') strangers.seen('connection_broken', one.address);
    });
    // What still comes of a connection that was closed as a flood costs nothing more.
    meetFirst(server, 'stream', (serve, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      // One that nobody listens to ends the process.
      stream.on('error', ignored);
      const one = stream.session && ofSession.get(stream.session);
      if (!one || !flood.called(one)) return void stream.destroy();
      const path = String(headers[':path']);
      if (!isServed(path)) strangers.seen('unknown_method', one.address);
      else if (HEALTH.test(path)) strangers.seen('health', one.address);
      requests.watch(stream, one.address, REFLECTION.test(path));
      serve();
    });
  }

  return {
    watch,
    asked({ connection }, lookUp) {
      const one = known.get(connection);
      if (!one) return;
      one.askedCalls++;
      const told = () => void one.askedCalls--;
      lookUp.then(told, told);
    },
    known({ connection }) {
      const one = known.get(connection);
      if (one) one.knownCalls++;
    },
    accepted({ connection }) {
      const one = known.get(connection);
      if (one) one.acceptedCalls++;
    },
    cut() {
      for (const socket of accepted) socket.destroy();
    },
    stop() {
      flood.stop();
      requests.stop();
    },
  };
}

const ignored = () => undefined;

/** Shows the caller where everybody looks for it, grpc-js included. */
function showCaller(socket: Socket, { address, port }: Source): void {
  Object.defineProperties(socket, { remoteAddress: { value: address }, remotePort: { value: port } });
}
