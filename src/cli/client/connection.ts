import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { CLIENT_OPTIONS } from '../../input/client-options.js';
import { isLoopback } from '../../input/loopback.js';
import { UsageError } from '../../input/usage-error.js';
import { type Api, connect } from './client.js';

/** The flags of every client command; see CLIENT_OPTIONS. */
export type ClientFlags = {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly tls?: true;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: true;
};

type Env = Readonly<Record<string, string | undefined>>;

/** The service that flags and environment name; a UsageError where they do not fit or name no token. */
export function connectAsTold(flags: ClientFlags, env: Env): Api {
  const { server, token } = CLIENT_OPTIONS;
  const address = flags.server ?? (env[server.variable] || server.default);
  const secret = findToken(flags, env, address);
  if (secret === undefined)
    throw new UsageError([`no token: set ${token.variable}, or name a file with --token-file`]);
  return connect({
    address,
    credentials: channelCredentials(flags),
    token: secret,
    timeoutMs: flags.timeout,
  });
}

/** The token of the flags, of the environment, or for a service on this machine the one in its data folder. */
function findToken(flags: ClientFlags, env: Env, address: string): string | undefined {
  const { token, tokenFile } = CLIENT_OPTIONS;
  if (flags.tokenFile !== undefined) return readText(flags.tokenFile, '--token-file');
  const [text, path] = [env[token.variable], env[tokenFile.variable]];
  if (text && path)
    throw new UsageError([`${token.variable} and ${tokenFile.variable}: set only one of them`]);
  if (text) return text;
  if (path) return readText(path, tokenFile.variable);
  return isLoopback(hostOf(address)) ? localToken(env) : undefined;
}

/** The account token that a service of this machine generated. */
function localToken({ WA_PRIVACY_DATA_DIR: folder }: Env): string | undefined {
  try {
    return readFileSync(join(folder || './data', 'account-token'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function channelCredentials(flags: ClientFlags): ChannelCredentials {
  const { tls, caFile, certFile, keyFile } = flags;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UsageError(['--cert-file and --key-file: give both']);
  if (!tls && caFile === undefined && certFile === undefined) return credentials.createInsecure();
  const read = (path: string | undefined, flag: string) =>
    path === undefined ? null : Buffer.from(readText(path, flag));
  return credentials.createSsl(
    read(caFile, '--ca-file'),
    read(keyFile, '--key-file'),
    read(certFile, '--cert-file'),
  );
}

function readText(path: string, source: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new UsageError([`${source}: cannot read the file`]);
  }
}

/** `[::1]:50051` as `::1`. */
const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
