import type { BlockList } from 'node:net';
import type { ConnectionMode, Presence } from '../domain/instance.js';
import { isLoopback } from '../input/loopback.js';
import type { LogLevel } from '../observability/log-level.js';
import type { CertificateFiles } from '../tls/certificate-watch.js';
import { checkCertificates } from '../tls/certificates.js';
import { environmentProxy } from './environment-proxy.js';
import { NODE_NEEDS, type NodeConfig, nodeConfigOf, nodeConflicts } from './node.js';
import { PARSERS, type Values } from './parsers.js';
import { type Secret, secret } from './secret.js';
import { type Given, gather, type Sources } from './sources.js';
import { OPTION_NAMES, type OptionName, optionSpec, variableOf } from './table.js';

/** What the service was told, checked. */
export type Config = {
  /** An IPv6 host is without brackets. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Absolute. */
  readonly dataDir: string;
  /** PostgreSQL, and how many connections to it at most; undefined: SQLite in the data folder. */
  readonly database?:
    | {
        readonly url: Secret<string>;
        /** Leads past poolers; undefined: `url` does. */
        readonly listenUrl: Secret<string> | undefined;
        readonly connections: number;
      }
    | undefined;
  /** Undefined: it has its data alone. */
  readonly node?: NodeConfig | undefined;
  /** 32 bytes; undefined: generate or reuse the one in the data folder. */
  readonly masterKey?: Secret<Buffer> | undefined;
  /** 32 bytes; the one that the data may still be under. */
  readonly previousMasterKey?: Secret<Buffer> | undefined;
  readonly accountToken?: Secret<string> | undefined;
  /** PEM; undefined: plaintext, which was asked for or is on loopback. */
  readonly tls?:
    | {
        readonly files: CertificateFiles;
        readonly cert: Buffer;
        readonly key: Secret<Buffer>;
        readonly clientCa?: Buffer | undefined;
      }
    | undefined;
  /** The networks of proxies that tell the caller's address. */
  readonly trustedProxies?: BlockList | undefined;
  readonly rateLimitPerMinute: number;
  /** Who may ask. */
  readonly reflection: 'anybody' | 'with_token' | 'nobody';
  readonly logLevel: LogLevel;
  /** Undefined: WhatsApp's own. The root key is 32 bytes. */
  readonly whatsapp: {
    readonly url?: string | undefined;
    readonly rootKey?: Buffer | undefined;
    /** Of instances without their own. */
    readonly proxy?: Secret<string> | undefined;
  };
  readonly version: {
    /** The revision to announce; undefined: that of this release. */
    readonly configured?: number | undefined;
    readonly fetching: 'off' | 'when_refused' | 'daily';
    readonly url: string;
    readonly proxy?: Secret<string> | undefined;
  };
  /** What is asked of WhatsApp per instance and hour; 0 for no limit. */
  readonly budget: { readonly sets: number; readonly reads: number; readonly lookups: number };
  /** Attempts to link; 0 for no limit. */
  readonly links: { readonly perInstance: number; readonly perNumber: number; readonly perNode: number };
  /** How long a read holds while WhatsApp announces no change. */
  readonly pushTrustMs: number;
  readonly sharedReadMs: number;
  /** How long entries stay in the history; undefined: for ever. */
  readonly historyMs: number | undefined;
  readonly connections: { readonly mode: ConnectionMode; readonly idleMs: number; readonly mostIdle: number };
  readonly presence: { readonly mode: Presence; readonly pulseEveryMs: number };
};

/** A configuration, or everything that is wrong with it. */
export type ConfigResult =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly string[] };

/** Reads and checks everything at once; the mistakes name the flag, variable or key that holds each. */
export function readConfig(sources: Sources): ConfigResult {
  const { given, mistakes } = gather(sources);
  const entries = OPTION_NAMES.map((name): [OptionName, unknown] => {
    const { kind, default: text } = optionSpec(name);
    const { text: value, source } = given.get(name) ?? { text, source: variableOf(name) };
    const result = value === undefined ? undefined : PARSERS[kind].safeParse(value);
    for (const issue of result?.error?.issues ?? []) mistakes.push(`${source}: ${issue.message}`);
    return [name, result?.data];
  });
  // The compiler cannot follow the kinds through the loop. Where one failed there is a mistake, and no config.
  const values = Object.fromEntries(entries) as Values;
  mistakes.push(...conflicts(values, given));
  const environment = values.proxy_from_environment ? environmentProxy(sources.env) : undefined;
  if (environment?.mistake && !values.proxy)
    mistakes.push(`${environment.mistake}; or set ${variableOf('proxy_from_environment')}=false`);
  const proxyFor = (url: string) => values.proxy ?? environment?.for(url);
  return mistakes.length > 0
    ? { kind: 'mistakes', mistakes }
    : { kind: 'config', config: configOf(values, proxyFor) };
}

/** What is wrong with options that are right one by one. */
function* conflicts(values: Partial<Values>, given: ReadonlyMap<OptionName, Given>): Generator<string> {
  const NEEDS: [OptionName, OptionName][] = [
    ['tls_cert_file', 'tls_key_file'],
    ['tls_key_file', 'tls_cert_file'],
    ['tls_client_ca_file', 'tls_cert_file'],
    ['whatsapp_root_key', 'whatsapp_url'],
    ['previous_master_key', 'master_key'],
    ['database_connections', 'database_url'],
    ...NODE_NEEDS,
  ];
  for (const [name, needed] of NEEDS)
    if (given.has(name) && !given.has(needed))
      yield `${given.get(name)?.source}: needs ${variableOf(needed)} too`;

  const { listen, tls_cert_file: cert, tls_key_file: key, tls_client_ca_file: ca, allow_plaintext } = values;
  if (listen && !given.has('tls_cert_file') && !allow_plaintext && !isLoopback(listen.host))
    yield `${given.get('listen')?.source}: ${listen.host} is not a loopback address: set ` +
      `${variableOf('tls_cert_file')} and ${variableOf('tls_key_file')}, or ${variableOf('allow_plaintext')}=true`;
  try {
    if (cert && key) checkCertificates({ cert: cert.content, key: key.content, clientCa: ca?.content });
  } catch (error) {
    yield `${given.get('tls_cert_file')?.source}: ${(error as Error).message}`;
  }
  yield* nodeConflicts(values, given);
}

const REFLECTION = { true: 'anybody', with_token: 'with_token', false: 'nobody' } as const;

/** Baileys' own address of WhatsApp, as far as a proxy is chosen by it. */
const WHATSAPP_URL = 'wss://web.whatsapp.com/ws/chat';

const tlsOf = ({ tls_cert_file: cert, tls_key_file: key, tls_client_ca_file: ca }: Values): Config['tls'] =>
  cert &&
  key && {
    files: { cert: cert.path, key: key.path, clientCa: ca?.path },
    cert: cert.content,
    key: secret(key.content),
    clientCa: ca?.content,
  };

const configOf = (values: Values, proxyFor: (url: string) => Secret<string> | undefined): Config => ({
  listen: values.listen,
  dataDir: values.data_dir,
  database: values.database_url && {
    url: values.database_url,
    listenUrl: values.database_listen_url,
    connections: values.database_connections,
  },
  node: nodeConfigOf(values),
  masterKey: values.master_key,
  previousMasterKey: values.previous_master_key,
  accountToken: values.account_token,
  tls: tlsOf(values),
  trustedProxies: values.trusted_proxies,
  rateLimitPerMinute: values.rate_limit_per_minute,
  reflection: REFLECTION[values.reflection ?? (isLoopback(values.listen.host) ? 'true' : 'with_token')],
  logLevel: values.log_level,
  whatsapp: {
    url: values.whatsapp_url,
    rootKey: values.whatsapp_root_key,
    proxy: proxyFor(values.whatsapp_url ?? WHATSAPP_URL),
  },
  version: {
    configured: values.whatsapp_version,
    // Whoever stands in for WhatsApp does not take the versions of another.
    fetching: values.whatsapp_version_fetch ?? (values.whatsapp_url === undefined ? 'when_refused' : 'off'),
    url: values.whatsapp_version_url,
    proxy: proxyFor(values.whatsapp_version_url),
  },
  budget: {
    sets: values.sets_per_hour,
    reads: values.reads_per_hour,
    lookups: values.lookups_per_hour,
  },
  links: {
    perInstance: values.links_per_hour,
    perNumber: values.number_links_per_hour,
    perNode: values.node_links_per_hour,
  },
  pushTrustMs: values.push_trust_seconds * 1000,
  sharedReadMs: values.shared_read_seconds * 1000,
  historyMs: values.history_days === 0 ? undefined : values.history_days * 86_400_000,
  connections: {
    mode: values.connection_mode,
    idleMs: values.idle_seconds * 1000,
    mostIdle: values.idle_connections,
  },
  presence: { mode: values.presence, pulseEveryMs: values.pulse_days * 86_400_000 },
});
