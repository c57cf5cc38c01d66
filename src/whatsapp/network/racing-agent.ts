import dns, { type LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import net, { type Socket } from 'node:net';

/** The next address is tried beside one that has not answered so long (RFC 8305). */
const NEXT_AFTER_MS = 250;

/** Finds every address of a host. */
export type Lookup = (host: string) => Promise<LookupAddress[]>;

/** Connects one WebSocket; `stop` gives up what is under way. */
export type RacingAgent = { readonly agent: http.Agent; stop(): void };

/**
 * Connects to the address that answers first and goes on waiting for the others until then. Node itself gives an
 * address up for the next after a quarter of a second, so that a slow way fails as soon as there is a useless one beside
 * it; how long connecting may take is for the caller to say, who stops it.
 */
export function racingAgent(isSecure: boolean, lookup: Lookup = everyAddress): RacingAgent {
  const agent = isSecure ? new https.Agent() : new http.Agent();
  const overSocket = agent.createConnection.bind(agent);
  const stopped = new AbortController();
  agent.createConnection = (options, done) => {
    const { host, port } = options as { host: string; port: number };
    const racing = lookup(host).then(addresses => race(addresses, port, stopped.signal));
    racing.then(
      socket => done?.(null, isSecure ? (overSocket(Object.assign(options, { socket })) as Socket) : socket),
      (error: Error) => done?.(error, undefined as never),
    );
    return undefined;
  };
  return { agent, stop: () => stopped.abort(new Error('No connection is wanted any more')) };
}

const everyAddress: Lookup = host => dns.promises.lookup(host, { all: true });

/** The socket that is connected first; rejects with the first failure when there is none. */
function race(addresses: readonly LookupAddress[], port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = [...addresses];
    const attempts = new Set<Socket>();
    let timer: NodeJS.Timeout | undefined;
    let failure: Error | undefined;

    function end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      for (const socket of attempts) socket.destroy();
    }
    function stop() {
      end();
      reject(signal.reason as Error);
    }
    function next() {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address) attempt(address.address);
      else if (attempts.size === 0) {
        end();
        reject(failure ?? new Error('The host has no address'));
      }
      if (waiting.length > 0) timer = setTimeout(next, NEXT_AFTER_MS);
    }
    function attempt(host: string) {
      const socket = net.connect({ host, port });
      attempts.add(socket);
      socket.once('connect', () => {
        attempts.delete(socket);
        socket.off('error', failed);
        end();
        resolve(socket);
      });
      socket.on('error', failed);
      function failed(error: Error) {
        failure ??= error;
        if (attempts.delete(socket)) next();
      }
    }

    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    next();
  });
}
