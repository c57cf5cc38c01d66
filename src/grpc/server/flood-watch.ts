import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Strangers } from '../../observability/strangers.js';
import { type FloodLimits, type Floods, floods } from '../peers/floods.js';

/** A connection, and what came on it since it was last looked at. */
export type Connection = {
  readonly socket: Socket;
  /** The caller's, as limits count it. */
  readonly address: string;
  /** Whether it is that of a trusted hop that tells of no caller: there may be thousands behind it. */
  readonly isHop: boolean;
  session?: ServerHttp2Session;
  calls: number;
  /** Calls whose tokens are being looked up: nobody knows yet whether they are a waste. */
  askedCalls: number;
  /** Those among them with a good token, and those that were accepted. */
  knownCalls: number;
  acceptedCalls: number;
  bytesSeen: number;
  /** Bytes that accepted calls may still bring. */
  byteCredit: number;
  /** For calls that turned out to be no waste after they had been counted. */
  callCredit: number;
  /** Bytes that it wasted in this second. */
  wasted: number;
  /** Closed as a flood: what still comes on it is not served. */
  isFlood: boolean;
};

/** Looks at connections until they close. */
export type FloodWatch = {
  readonly isRefused: Floods['isRefused'];
  readonly turn: Floods['turn'];
  add(one: Connection): void;
  remove(one: Connection): void;
  /** A call came; whether it is to be served. */
  called(one: Connection): boolean;
  stop(): void;
};

const LOOK_MS = 250;
const SECOND_MS = 1000;
/** An address is looked at after so many calls as well: refusing that many takes some milliseconds. */
const LOOK_CALLS = 16;
/** What a call wastes besides its bytes: the service is as busy with its refusal as with reading so many, and more. */
const CALL_BYTES = 4096;
/** The same of one with a good token, beyond its limit: its caller is to hear that, and not to lose the connection. */
const KNOWN_CALL_BYTES = 2048;
/** So many calls are nobody's fault. */
const LEAST_BLAMED_CALLS = 4;
/** What an accepted call may bring: a message of 64 KiB, and as much of headers. */
const ACCEPTED_BYTES = 128 * 1024;
/** For as many calls as a connection may have open. */
const MOST_CREDIT = 100;
/** For the GOAWAY to arrive. */
const LINGER_MS = 1000;
/** RFC 9113 section 7. */
const ENHANCE_YOUR_CALM = 11;

/** The connections of an address, and those among them with calls since it was last looked at. */
type Visitor = {
  readonly connections: Set<Connection>;
  readonly calling: Set<Connection>;
  calls: number;
  /** At the last look; then the next one is due with the next call. */
  isFlooding: boolean;
};

/**
 * Closes the connections that flood, and holds their addresses off for a while. Node tells only of streams; frames like
 * WINDOW_UPDATE and PING are seen in the bytes that come in. Whatever serves no accepted call is waste, and accepted
 * calls are limited by their token.
 */
export function floodWatch(
  limits: FloodLimits & { readonly connectionsPerAddress: number },
  strangers: Strangers,
): FloodWatch {
  const visitors = new Map<string, Visitor>();
  const seen = floods(limits);
  /** Who wastes less in a second than an equal share of what its address may, or some calls, is not to blame. */
  const share = Math.max(
    limits.wastePerSecond / limits.connectionsPerAddress,
    LEAST_BLAMED_CALLS * CALL_BYTES,
  );

  /** Counts what came on the connections; closes those that are to blame where that is too much. */
  function look(address: string, visitor: Visitor, connections: Iterable<Connection>) {
    let wasted = 0;
    for (const one of connections) {
      if (one.acceptedCalls > 0) seen.accepted(address);
      wasted += takeWaste(one);
    }
    visitor.calling.clear();
    visitor.calls = 0;
    visitor.isFlooding = wasted > 0 && seen.waste(address, wasted);
    if (!visitor.isFlooding) return;
    for (const one of visitor.connections) {
      if (!one.isHop) seen.holdOff(address);
      if (one.wasted > share && !one.isFlood) close(one);
    }
  }

  function close(one: Connection) {
    const { socket, session, address } = one;
    one.isFlood = true;
    strangers.seen('connection_flooding', address);
    // Null, for an error would be told as one of the peer's.
    session?.destroy(null as never, ENHANCE_YOUR_CALM);
    setTimeout(() => socket.destroy(), session ? LINGER_MS : 0).unref();
  }

  const looking = setInterval(() => {
    for (const [address, visitor] of visitors) look(address, visitor, visitor.connections);
  }, LOOK_MS).unref();
  const forgetting = setInterval(() => {
    for (const { connections } of visitors.values()) for (const one of connections) one.wasted = 0;
  }, SECOND_MS).unref();

  return {
    isRefused: seen.isRefused,
    turn: seen.turn,
    add(one) {
      const visitor = visitors.get(one.address) ?? newVisitor();
      visitors.set(one.address, visitor);
      visitor.connections.add(one);
    },
    remove(one) {
      const visitor = visitors.get(one.address);
      if (!visitor) return;
      look(one.address, visitor, [one]);
      visitor.connections.delete(one);
      if (visitor.connections.size === 0) visitors.delete(one.address);
    },
    called(one) {
      const visitor = visitors.get(one.address);
      if (!visitor) return false;
      // Before this call is counted, which may be accepted yet.
      if (visitor.calls >= LOOK_CALLS || visitor.isFlooding) look(one.address, visitor, visitor.calling);
      one.calls++;
      visitor.calls++;
      visitor.calling.add(one);
      return !one.isFlood;
    },
    stop() {
      clearInterval(looking);
      clearInterval(forgetting);
    },
  };
}

const newVisitor = (): Visitor => ({
  connections: new Set(),
  calling: new Set(),
  calls: 0,
  isFlooding: false,
});

/** The waste on a connection since this was last asked. */
function takeWaste(one: Connection): number {
  const read = one.socket.bytesRead;
  const bytes = read - one.bytesSeen - one.acceptedCalls * ACCEPTED_BYTES - one.byteCredit;
  const known = one.knownCalls * (CALL_BYTES - KNOWN_CALL_BYTES) + one.acceptedCalls * KNOWN_CALL_BYTES;
  const left = Math.min(one.askedCalls, one.calls);
  const calls = (one.calls - left) * CALL_BYTES - known - one.callCredit;
  const waste = Math.max(bytes, 0) + Math.max(calls, 0);
  Object.assign(one, {
    bytesSeen: read,
    calls: left,
    knownCalls: 0,
    acceptedCalls: 0,
    byteCredit: Math.min(Math.max(-bytes, 0), MOST_CREDIT * ACCEPTED_BYTES),
    callCredit: Math.min(Math.max(-calls, 0), MOST_CREDIT * CALL_BYTES),
    wasted: one.wasted + waste,
  });
  return waste;
}
