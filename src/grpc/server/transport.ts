import type { Http2SecureServer, Http2Server } from 'node:http2';
import {
  logVerbosity,
  type Server,
  ServerCredentials,
  type ServerOptions,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { LARGEST_MESSAGE } from '../../contract/sizes.js';
import { PrivacyError } from '../../domain/errors.js';
import { type Certificates, secureContextOf } from '../../tls/certificates.js';
import type { Answer } from '../errors/statuses.js';
import { LONGEST_CALL_MS } from '../method.js';
import type { Connections } from './connection-bounds.js';
import { refuseOtherContentType } from './content-types.js';
import { mendDeadline } from './deadline-header.js';
import { http2Servers, isServed } from './http2-servers.js';
import { showRepeatedAuthorization } from './repeated-headers.js';
import { answerUnknownMethod } from './unknown-methods.js';

/** Limits that grpc-js leaves open, and the means to find dead connections and to move clients elsewhere. */
export const SERVER_OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': LARGEST_MESSAGE,
  'grpc.max_concurrent_streams': 100,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_connection_idle_ms': 10 * 60_000,
  'grpc.max_connection_age_ms': 30 * 60_000,
  // Cuts what still runs then.
  'grpc.max_connection_age_grace_ms': LONGEST_CALL_MS + 60_000,
};

/** Where a server listens. */
export type Listening = { readonly host: string; readonly port: number };

/** Listens on `host:port`; port 0 picks a free one. */
export async function listen(
  server: Server,
  address: string,
  tls: Certificates | undefined,
  connections: Connections,
  answer: Answer,
): Promise<Listening> {
  setLogVerbosity(logVerbosity.NONE); // Its lines are no JSON, and what matters in them reaches us as errors.
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials(tls), (error, bound) => {
      if (error) reject(new Error(cannotListen(address, error), { cause: error }));
      else resolve(bound);
    });
  });
  for (const http2Server of http2Servers(server)) {
    // Before grpc-js, and all in one: each listener costs every call.
    http2Server.prependListener('stream', (stream, headers, _flags, raw: string[]) => {
      showRepeatedAuthorization(headers, raw);
      mendDeadline(headers);
      refuseOtherContentType(headers);
      answerUnknownMethod(stream, headers, answer);
    });
    connections.watch(http2Server, path => isServed(server, path));
  }
  if (tls) showCertificates(server, tls);
  return { host: address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'), port };
}

/** Lets new connections have these certificates, and no other suites than ours, which grpc-js cannot be told. */
export function showCertificates(server: Server, certificates: Certificates): void {
  for (const http2Server of http2Servers(server))
    (http2Server as Http2Server & Http2SecureServer).setSecureContext(secureContextOf(certificates));
}

/** What helps, by what the system says. */
const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process uses this port; choose another with --listen',
  EACCES: 'this user may not use this port; choose one above 1023 with --listen',
  EADDRNOTAVAIL: 'this machine does not have this address; choose one of its own with --listen',
};

/** grpc-js has the system's error in its text alone. */
function cannotListen(address: string, error: Error): string {
  const [, code = ''] = /\blisten (E[A-Z]+)\b/.exec(error.message) ?? [];
  const hint = HINTS[code];
  return `Cannot listen on ${address}: ${hint ? `${code}, ${hint}` : error.message}`;
}

function credentials(tls: Certificates | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  const pair = { cert_chain: cert, private_key: key };
  return ServerCredentials.createSsl(clientCa ?? null, [pair], clientCa !== undefined);
}

/**
 * Stops serving: whoever listens to `draining` says so first and ends its streams, then running calls may finish, and
 * after `graceMs` what is left is cut.
 *
 * @param cut Ends all connections, for grpc-js asks peers to, and some never do.
 */
export async function drain(
  server: Server,
  draining: AbortController,
  graceMs: number,
  cut: () => void,
): Promise<void> {
  draining.abort(new PrivacyError({ kind: 'SHUTTING_DOWN' }));
  await new Promise<void>(resolve => {
    const force = () => {
      server.forceShutdown();
      // After what grpc-js has written in this turn of the loop.
      setImmediate(cut);
      last = setTimeout(resolve, LAST_MS);
    };
    let last = setTimeout(force, graceMs);
    server.tryShutdown(() => {
      clearTimeout(last);
      resolve();
    });
  });
}

/** When every connection has been cut, whatever grpc-js still waits for. */
const LAST_MS = 100;
