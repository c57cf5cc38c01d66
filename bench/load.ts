import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { sorted } from './figure.js';

/** A unary call as it goes over the wire, made once: a client of grpc-js costs more than the server it would measure. */
export type WireCall = { readonly path: string; readonly frame: Buffer };

/** What came of a load: how many calls a second, and how long each took in milliseconds, in order. */
export type Load = { readonly callsPerSecond: number; readonly ms: readonly number[] };

/** One HTTP/2 connection to a gRPC server. */
export type Wire = {
  /** The answer's message; rejects unless the status is OK. */
  readonly call: (call: WireCall) => Promise<Buffer>;
  /** Makes these calls by turns for so long, with so many under way at any time. */
  readonly load: (calls: readonly WireCall[], inFlight: number, forMs: number) => Promise<Load>;
  readonly close: () => void;
};

/** Flag and length, which stand before each message. */
const PREFIX_BYTES = 5;

/** Connects to `host:port`. */
export function wire(address: string, token: string): Wire {
  const session = connect(`http://${address}`);
  const call = (what: WireCall) => callOver(session, token, what);
  return {
    call,
    async load(calls, inFlight, forMs) {
      const ms: number[] = [];
      const started = performance.now();
      const callAfterCall = async (first: number) => {
        for (let at = performance.now(), index = first; at < started + forMs; at = performance.now()) {
          await call(calls[index++ % calls.length] as WireCall);
          ms.push(performance.now() - at);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, (_, index) => callAfterCall(index)));
      const callsPerSecond = (ms.length / (performance.now() - started)) * 1000;
      return { callsPerSecond, ms: sorted(ms) };
    },
    close: () => session.close(),
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
      else reject(new Error(`${path} ended with status ${status}`));
    });
    stream.end(frame);
  });
