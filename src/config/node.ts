import { hostname } from 'node:os';
import { isLoopback } from '../input/loopback.js';
import { checkCertificates } from '../tls/certificates.js';
import type { Values } from './parsers.js';
import { type Secret, secret } from './secret.js';
import type { Given } from './sources.js';
import { type OptionName, variableOf } from './table.js';

/** Where a node among several is reached; an IPv6 host is without brackets. */
export type HostAndPort = { readonly host: string; readonly port: number };

/** What makes a process one node among several. */
export type NodeConfig = {
  readonly name: string;
  readonly listen: HostAndPort;
  /** Undefined: the address that it listens on. */
  readonly address: HostAndPort | undefined;
  /** Undefined: no limit. */
  readonly mostInstances: number | undefined;
  /** PEM; undefined: plaintext, which was asked for or is on loopback. */
  readonly tls: { readonly cert: Buffer; readonly key: Secret<Buffer>; readonly ca: Buffer } | undefined;
};

/** Options that are of no use without another. */
export const NODE_NEEDS: readonly [OptionName, OptionName][] = [
  ['node_listen', 'database_url'],
  // That of a data folder would be another one on each machine.
  ['node_listen', 'master_key'],
  // So would a token, and each node that starts would end that of the others.
  ['node_listen', 'account_token'],
  ['database_listen_url', 'node_listen'],
  ['node_address', 'node_listen'],
  ['node_name', 'node_listen'],
  ['node_instances', 'node_listen'],
  ['node_allow_plaintext', 'node_listen'],
  ['node_cert_file', 'node_listen'],
  ['node_cert_file', 'node_key_file'],
  ['node_cert_file', 'node_ca_file'],
  ['node_key_file', 'node_cert_file'],
  ['node_ca_file', 'node_cert_file'],
];

/** They stand for all addresses of a machine, and nobody can dial them. */
const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** What is wrong with the options of a node that are right one by one. */
export function* nodeConflicts(
  values: Partial<Values>,
  given: ReadonlyMap<OptionName, Given>,
): Generator<string> {
  const { node_listen: listen, node_address: address, node_allow_plaintext: allowPlaintext } = values;
  const { node_cert_file: cert, node_key_file: key, node_ca_file: ca } = values;
  if (!listen) return;
  const source = given.get('node_listen')?.source;
  if (given.has('previous_master_key'))
    yield `${given.get('previous_master_key')?.source}: start one process alone with it first, without ${variableOf('node_listen')}`;
  if (!address && EVERY_ADDRESS.includes(listen.host))
    yield `${source}: needs ${variableOf('node_address')} too, as nobody can dial ${listen.host}`;
  if (address?.port === 0) yield `${given.get('node_address')?.source}: must name a port`;
  if (!given.has('node_cert_file') && !allowPlaintext && !isLoopback(listen.host))
    yield `${source}: ${listen.host} is not a loopback address: set ${variableOf('node_cert_file')}, ` +
      `${variableOf('node_key_file')} and ${variableOf('node_ca_file')}, or ${variableOf('node_allow_plaintext')}=true`;
  try {
    if (cert && key) checkCertificates({ cert: cert.content, key: key.content, clientCa: ca?.content });
  } catch (error) {
    yield `${given.get('node_cert_file')?.source}: ${(error as Error).message}`;
  }
}

/** What a node is to go by; undefined where the process is none. */
export function nodeConfigOf(values: Values): NodeConfig | undefined {
  const { node_listen: listen, node_cert_file: cert, node_key_file: key, node_ca_file: ca } = values;
  if (!listen) return undefined;
  return {
    name: values.node_name ?? hostname(),
    listen,
    address: values.node_address,
    mostInstances: values.node_instances === 0 ? undefined : values.node_instances,
    tls: cert && key && ca && { cert: cert.content, key: secret(key.content), ca: ca.content },
  };
}
