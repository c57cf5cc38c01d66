import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { sorted } from './figure.js';

/** A unary call as it goes over the wire, made once: a client of grpc-js costs more than the server it would measure. */
export type WireCall = { readonly path: string; readonly frame: Buffer };

/** What came of a load: how many calls a second, and how long each took in milliseconds, in order. */
export type Load = { readonly callsPerSecond: number; readonly ms: readonly number[] };

/** HTTP/2 connections to a gRPC server. */
export type Wire = {
  /** The answer's message; rejects unless the status is OK. */
  readonly call: (call: WireCall) => Promise<Buffer>;
  /** Makes these calls by turns for so long, with so many under way at any time. */
  readonly load: (calls: readonly WireCall[], inFlight: number, forMs: number) => Promise<Load>;
  readonly close: () => void;
};

/** Flag and length, which stand before each message. */
const PREFIX_BYTES = 5;

/**
 * Calls are spread over so many. One takes 100 streams, and Node counts those that have ended until it has cleared them
 * away: 64 calls at a time on one connection would be refused now and then.
 */
const CONNECTIONS = 4;

/** Connects to `host:port`. */
export function wire(address: string, token: string): Wire {
  const sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://${address}`));
  const call = (what: WireCall, caller = 0) =>
    callOver(sessions[caller % CONNECTIONS] as ClientHttp2Session, token, what);
  return {
    call: what => call(what),
    async load(calls, inFlight, forMs) {
      const ms: number[] = [];
      const started = performance.now();
      const callAfterCall = async (caller: number) => {
        for (let at = performance.now(), index = caller; at < started + forMs; at = performance.now()) {
          await call(calls[index++ % calls.length] as WireCall, caller);
          ms.push(performance.now() - at);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, (_, index) => callAfterCall(index)));
      const callsPerSecond = (ms.length / (performance.now() - started)) * 1000;
      return { callsPerSecond, ms: sorted(ms) };
    },
    close() {
      for (const session of sessions) session.close();
    },
  };
}

/** A call of a method as the generated service definitions have it. */
export function wireCall<Request>(
  method: { readonly path: string; readonly requestSerialize: (request: Request) => Buffer },
  request: Request,
): WireCall {
  const message = method.requestSerialize(request);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return { path: method.path, frame: Buffer.concat([prefix, message]) };
}

const callOver = (session: ClientHttp2Session, token: string, { path, frame }: WireCall): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    });
    const chunks: Buffer[] = [];
    let status: unknown;
    const look = (headers: IncomingHttpHeaders) => {
      status ??= headers['grpc-status'];
    };
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      if (status === '0') resolve(Buffer.concat(chunks).subarray(PREFIX_BYTES));
      else reject(new Error(`${path} ended with status ${String(status)}`));
    });
    stream.end(frame);
  });
