import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { sorted } from '../figures/figure.js';

/** A unary call as it goes over the wire, serialised once. */
export type WireCall = { readonly path: string; readonly message: Buffer };

/** What came of a load: how many calls a second, and how long each took in milliseconds, in order. */
export type Load = { readonly callsPerSecond: number; readonly ms: readonly number[] };

/** Callers of one gRPC server. */
export type Callers = {
  /** The answer's message; rejects unless the status is OK. */
  readonly call: (call: WireCall) => Promise<Buffer>;
  /** Makes these calls by turns for so long, with so many under way at any time. */
  readonly load: (calls: readonly WireCall[], inFlight: number, forMs: number) => Promise<Load>;
  readonly close: () => void;
};

/**
 * Calls are spread over so many unless a number is given. One takes 100 streams, and Node counts those that have ended
 * until it has cleared them away: 64 calls at a time on one connection would be refused now and then.
 */
const CONNECTIONS = 4;

/** Connects to `host:port` with clients of grpc-js. */
export function callers(address: string, token: string, connections = CONNECTIONS): Callers {
  const own = { 'grpc.use_local_subchannel_pool': 1 };
  const clients = Array.from(
    { length: connections },
    () => new Client(address, credentials.createInsecure(), own),
  );
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const call = ({ path, message }: WireCall, caller = 0) =>
    new Promise<Buffer>((resolve, reject) => {
      const client = clients[caller % connections] as Client;
      client.makeUnaryRequest(path, asItIs, asItIs, message, metadata, (error, answer) =>
        answer ? resolve(answer) : reject(error),
      );
    });
  return {
    call: what => call(what),
    load: (calls, inFlight, forMs) =>
      callAfterCall(inFlight, forMs, (caller, turn) =>
        call(calls[(caller + turn) % calls.length] as WireCall, caller),
      ),
    close() {
      for (const client of clients) client.close();
    },
  };
}

/** Makes calls for so long, with so many under way at any time. */
export async function callAfterCall(
  inFlight: number,
  forMs: number,
  call: (caller: number, turn: number) => Promise<unknown>,
): Promise<Load> {
  const ms: number[] = [];
  const started = performance.now();
  const loop = async (caller: number) => {
    for (let at = performance.now(), turn = 0; at < started + forMs; at = performance.now()) {
      await call(caller, turn++);
      ms.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, caller) => loop(caller)));
  return { callsPerSecond: (ms.length / (performance.now() - started)) * 1000, ms: sorted(ms) };
}

const asItIs = (bytes: Buffer): Buffer => bytes;

/** A call of a method as the generated service definitions have it. */
export const wireCall = <Request>(
  method: { readonly path: string; readonly requestSerialize: (request: Request) => Buffer },
  request: Request,
): WireCall => ({ path: method.path, message: method.requestSerialize(request) });
