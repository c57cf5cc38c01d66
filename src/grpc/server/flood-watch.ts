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
};

/** Looks at connections until they close. */
export type FloodWatch = {
  isRefused(address: string): boolean;
  add(one: Connection): void;
  remove(one: Connection): void;
  stop(): void;
};

const LOOK_MS = 1000;
/** What a call wastes besides its bytes: the service is as busy with it as with a thousand of them. */
const CALL_BYTES = 1024;
/** What an accepted call may bring: a message of 64 KiB, and as much of headers. */
const ACCEPTED_BYTES = 128 * 1024;
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

  /** Counts what the connection wasted; whether that is too much for its address. */
  function isFlood(one: Connection, wasted: number): boolean {
    if (wasted === 0 || !seen.waste(one.address, wasted)) return false;
    if (!one.isHop) seen.refuse(one.address);
    return true;
  }

  function close({ socket, session, address }: Connection) {
    strangers.seen('connection_flooding', address);
    // Null, for an error would be one of its streams too, where nobody listens.
    session?.destroy(null as never, ENHANCE_YOUR_CALM);
    setTimeout(() => socket.destroy(), session ? LINGER_MS : 0).unref();
  }

  const timer = setInterval(() => {
    const wasted = new Map([...open].map(one => [one, takeWaste(one)]));
    const flooding = new Set<string>();
    for (const [one, bytes] of wasted) if (isFlood(one, bytes)) flooding.add(one.address);
    if (flooding.size === 0) return;
    for (const [one, bytes] of wasted) if (flooding.has(one.address) && bytes > share) close(one);
  }, LOOK_MS).unref();

  return {
    isRefused: seen.isRefused,
    add: one => void open.add(one),
    remove(one) {
      open.delete(one);
      isFlood(one, takeWaste(one));
    },
    stop: () => clearInterval(timer),
  };
}

/** The waste on a connection since this was last asked. */
function takeWaste(one: Connection): number {
  const bytes = one.socket.bytesRead;
  const wasted = bytes - one.bytesSeen + one.calls * CALL_BYTES - one.acceptedCalls * ACCEPTED_BYTES;
  Object.assign(one, { bytesSeen: bytes, calls: 0, acceptedCalls: 0 });
  return Math.max(wasted, 0);
}
