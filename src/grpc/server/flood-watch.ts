import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Strangers } from '../../observability/strangers.js';
import { type FloodLimits, floods } from '../peers/floods.js';

/** A connection, and what came on it since it was last looked at. */
export type Connection = {
  readonly socket: Socket;
  /** The caller's, as limits count it. */
  readonly address: string;
  /** Whether it is that of a trusted hop that tells of no caller: there may be thousands behind it. */
  readonly isHop: boolean;
  session?: ServerHttp2Session;
  calls: number;
  acceptedCalls: number;
  bytesSeen: number;
  /** Bytes that accepted calls may still bring. */
  credit: number;
};

/** Looks at connections until they close. */
export type FloodWatch = {
  isRefused(address: string): boolean;
  add(one: Connection): void;
  /** A call came; whether it is to be served. */
  called(one: Connection): boolean;
  remove(one: Connection): void;
  stop(): void;
};

const LOOK_MS = 1000;
/** A look is also due after so many calls, for a second of them is a long time. */
const LOOK_CALLS = 256;
/** What a call wastes besides its bytes; a refusal takes 100 microseconds and more. */
const CALL_BYTES = 1024;
/** What an accepted call may bring: a message of 64 KiB, and as much of headers. */
const ACCEPTED_BYTES = 128 * 1024;
/** For as many calls as a connection may have open. */
const MOST_CREDIT = 100 * ACCEPTED_BYTES;
/** For the GOAWAY to arrive. */
const LINGER_MS = 1000;
/** RFC 9113 section 7. */
const ENHANCE_YOUR_CALM = 11;

/**
 * Closes the connections that flood, and refuses their addresses for a while. Node tells only of streams; frames like
 * WINDOW_UPDATE and PING are seen in the bytes that come in. Whatever serves no accepted call is waste, and accepted
 * calls are limited by their token.
 */
export function floodWatch(
  limits: FloodLimits & { readonly connectionsPerAddress: number },
  strangers: Strangers,
): FloodWatch {
  const open = new Set<Connection>();
  const seen = floods(limits);
  /** Who wastes less than an equal share of what its address may is not to blame. */
  const share = (limits.wastePerSecond * (LOOK_MS / 1000)) / limits.connectionsPerAddress;

  function close(one: Connection) {
    const { socket, session, address } = one;
    open.delete(one);
    strangers.seen('connection_flooding', address);
    // Null, for an error would be told as one of the peer's.
    session?.destroy(null as never, ENHANCE_YOUR_CALM);
    setTimeout(() => socket.destroy(), session ? LINGER_MS : 0).unref();
  }

  /** Counts what came, and closes the connection if its address wastes too much and it has a part in that. */
  function look(one: Connection, isOpen = true) {
    const wasted = takeWaste(one);
    if (wasted === 0 || !seen.waste(one.address, wasted)) return;
    if (!one.isHop) seen.refuse(one.address);
    if (isOpen && wasted > share) close(one);
  }

  const timer = setInterval(() => {
    for (const one of open) look(one);
  }, LOOK_MS).unref();

  return {
    isRefused: seen.isRefused,
    add: one => void open.add(one),
    called(one) {
      if (++one.calls >= LOOK_CALLS && open.has(one)) look(one);
      return open.has(one);
    },
    remove(one) {
      open.delete(one);
      look(one, false);
    },
    stop: () => clearInterval(timer),
  };
}

/** The waste on a connection since this was last asked. */
function takeWaste(one: Connection): number {
  const bytes = one.socket.bytesRead;
  const came = bytes - one.bytesSeen + one.calls * CALL_BYTES;
  const wasted = came - one.acceptedCalls * ACCEPTED_BYTES - one.credit;
  Object.assign(one, {
    bytesSeen: bytes,
    calls: 0,
    acceptedCalls: 0,
    credit: Math.min(Math.max(-wasted, 0), MOST_CREDIT),
  });
  return Math.max(wasted, 0);
}
