import { LOG_LEVELS } from '../observability/log-level.js';

/** One row of the table of options. */
export type OptionSpec = {
  /** How the text is checked and read. */
  readonly kind:
    | 'address'
    | 'folder'
    | 'file'
    | 'master_key'
    | 'token'
    | 'networks'
    | 'count'
    | 'count_or_0'
    | 'boolean'
    | 'connection_mode'
    | 'reflection'
    | 'presence'
    | 'pulse_days'
    | 'level'
    | 'url'
    | 'version'
    | 'version_fetching'
    | 'web_url'
    | 'proxy'
    | 'hex'
    | 'name'
    | 'database_url';
  /** As it would be written; without one the option is unset, and `otherwise` tells what that means. */
  readonly default?: string;
  readonly otherwise?: string;
  /** Also read from the file named by `…_FILE`; never a flag, because process lists show flags. */
  readonly secret?: true;
  readonly meaning: string;
};

/** Every option of the service. Parsing, `serve --help` and the documentation derive from it. */
export const OPTIONS = {
  listen: {
    kind: 'address',
    default: '127.0.0.1:50051',
    meaning: 'gRPC address; port 0 picks a free one',
  },
  data_dir: {
    kind: 'folder',
    default: './data',
    meaning: 'folder of the SQLite file, the generated master key and the first token',
  },
  database_url: {
    kind: 'database_url',
    otherwise: 'SQLite in the data folder',
    secret: true,
    meaning:
      'PostgreSQL 14 or newer in place of the SQLite file, `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`',
  },
  database_connections: {
    kind: 'count',
    default: '10',
    meaning: 'connections to PostgreSQL at most, besides one that keeps the database for this service',
  },
  database_listen_url: {
    kind: 'database_url',
    otherwise: 'as `WA_PRIVACY_DATABASE_URL`',
    secret: true,
    meaning:
      'the same database past a pooler that gives sessions to others after each transaction, for what nodes tell each other',
  },
  node_listen: {
    kind: 'address',
    otherwise: 'this process has its data alone',
    meaning:
      'address for other nodes, which makes this process one of several on a PostgreSQL database; port 0 picks a free one',
  },
  node_address: {
    kind: 'address',
    otherwise: 'that of `WA_PRIVACY_NODE_LISTEN`',
    meaning: 'where other nodes reach this one',
  },
  node_name: { kind: 'name', otherwise: 'the host name', meaning: 'what this node is called' },
  node_instances: {
    kind: 'count_or_0',
    default: '0',
    meaning: 'instances that this node runs at most; 0 for no limit',
  },
  node_cert_file: {
    kind: 'file',
    meaning: 'certificate (PEM) of this node, for both ends of what nodes say to each other',
  },
  node_key_file: { kind: 'file', meaning: 'private key of that certificate (PEM)' },
  node_ca_file: {
    kind: 'file',
    meaning: 'CA (PEM) that signs the certificates of nodes and of nobody else',
  },
  node_allow_plaintext: {
    kind: 'boolean',
    default: 'false',
    meaning: 'let nodes speak without TLS also on an address that is not loopback',
  },
  master_key: {
    kind: 'master_key',
    otherwise: 'generated',
    secret: true,
    meaning: '32 bytes in base64; encrypts the secrets of linked accounts',
  },
  previous_master_key: {
    kind: 'master_key',
    secret: true,
    meaning: 'the key that a new master key takes over from; can go after that start',
  },
  account_token: {
    kind: 'token',
    otherwise: 'generated',
    secret: true,
    meaning: 'the first account token; a generated one is written to `account-token` in the data folder',
  },
  tls_cert_file: { kind: 'file', meaning: 'certificate chain (PEM); turns TLS on' },
  tls_key_file: { kind: 'file', meaning: 'private key of the certificate (PEM)' },
  tls_client_ca_file: {
    kind: 'file',
    meaning: 'CA (PEM) that must have signed the certificates of callers; turns mutual TLS on',
  },
  allow_plaintext: {
    kind: 'boolean',
    default: 'false',
    meaning: 'serve without TLS also on an address that is not loopback',
  },
  trusted_proxies: {
    kind: 'networks',
    otherwise: 'none',
    meaning:
      'addresses and CIDR networks, separated by commas, of proxies whose PROXY protocol header (version 1 or 2) tells the address of the caller',
  },
  rate_limit_per_minute: { kind: 'count', default: '100', meaning: 'calls per token and minute' },
  sets_per_hour: {
    kind: 'count_or_0',
    default: '240',
    meaning: 'changes sent to WhatsApp per instance and hour; 0 for no limit',
  },
  reads_per_hour: {
    kind: 'count_or_0',
    default: '1200',
    meaning: 'reads sent to WhatsApp per instance and hour; 0 for no limit',
  },
  lookups_per_hour: {
    kind: 'count_or_0',
    default: '2000',
    meaning:
      'phone numbers per instance and hour of which WhatsApp is asked whether they are on WhatsApp, for lists of contacts; 0 for no limit',
  },
  links_per_hour: {
    kind: 'count_or_0',
    default: '10',
    meaning: 'attempts to link per instance and hour, with a QR code or a pairing code; 0 for no limit',
  },
  number_links_per_hour: {
    kind: 'count_or_0',
    default: '5',
    meaning: 'pairing codes per phone number and hour, whichever instances ask for them; 0 for no limit',
  },
  node_links_per_hour: {
    kind: 'count_or_0',
    default: '500',
    meaning: 'attempts to link per hour, of all instances together; 0 for no limit',
  },
  connection_mode: {
    kind: 'connection_mode',
    default: 'always',
    meaning:
      'of instances without their own: `always` connected, or `on_demand`, which parks them between calls',
  },
  idle_seconds: {
    kind: 'count',
    default: '60',
    meaning: 'how long an instance on demand stays connected after the last call',
  },
  idle_connections: {
    kind: 'count',
    default: '200',
    meaning:
      'how many instances on demand stay connected between calls; the one idle longest is parked first',
  },
  presence: {
    kind: 'presence',
    default: 'none',
    meaning:
      'of instances without their own, so that WhatsApp may count them as active: `none`, `unavailable` after each ' +
      'login, or a `pulse` of five seconds in which contacts may see the account online',
  },
  pulse_days: {
    kind: 'pulse_days',
    default: '7',
    meaning: 'days between two pulses of an instance, 1 to 14',
  },
  push_trust_seconds: {
    kind: 'count',
    default: '600',
    meaning:
      'how long settings are taken to be as they were read while WhatsApp announces no change; then a read asks again, and what is watched is read by itself',
  },
  shared_read_seconds: {
    kind: 'count_or_0',
    default: '3',
    meaning:
      'how old settings may be that spare an update a read of its own, as WhatsApp Web shares a read; 0 for a read with every update',
  },
  history_days: {
    kind: 'count_or_0',
    default: '90',
    meaning: 'how long entries stay in the history, those of deleted instances too; 0 for ever',
  },
  reflection: {
    kind: 'reflection',
    otherwise: 'true on a loopback address, else with_token',
    meaning: 'gRPC server reflection: true for everybody, with_token for callers with a token, or false',
  },
  log_level: {
    kind: 'level',
    default: 'info',
    meaning: `JSON lines on stderr: ${LOG_LEVELS.join(', ')}; debug has one for each stanza, without what it says`,
  },
  whatsapp_version: {
    kind: 'version',
    otherwise: "this release's own",
    meaning: 'version of WhatsApp Web to announce, `2.3000.N`; used only if higher than that of this release',
  },
  whatsapp_version_fetch: {
    kind: 'version_fetching',
    otherwise: '`when_refused`; `off` with a `WA_PRIVACY_WHATSAPP_URL`',
    meaning:
      'when to ask WhatsApp for its newest version: `off`, `when_refused` (when it refuses this one) or `daily`; at most once an hour',
  },
  whatsapp_version_url: {
    kind: 'web_url',
    default: 'https://web.whatsapp.com/sw.js',
    meaning: 'where the newest version is asked for',
  },
  proxy: {
    kind: 'proxy',
    otherwise: 'that of the environment',
    secret: true,
    meaning:
      'proxy on the way to WhatsApp, `http://`, `https://`, `socks5://` or `socks5h://`, with user and password where it wants them',
  },
  proxy_from_environment: {
    kind: 'boolean',
    default: 'true',
    meaning: 'whether `HTTPS_PROXY` and `NO_PROXY` hold where no proxy is set here',
  },
  whatsapp_url: {
    kind: 'url',
    otherwise: "WhatsApp's own",
    meaning: 'WebSocket URL, for the simulator',
  },
  whatsapp_root_key: {
    kind: 'hex',
    otherwise: "WhatsApp's own",
    meaning: 'public key in hex that signs the Noise certificate, for the simulator',
  },
} as const satisfies Record<string, OptionSpec>;

/** The name of an option, which is also its key in the configuration file. */
export type OptionName = keyof typeof OPTIONS;
/** All options, in the order of the table. */
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];
/** The row of an option. */
export const optionSpec = (name: OptionName): OptionSpec => OPTIONS[name];

/** Names kept for later versions: refused, because ignoring them would look like obeying. */
export const LATER_OPTIONS: readonly string[] = ['metrics_listen'];

/** The configuration file itself; only a flag and a variable. */
export const CONFIG_FILE = { name: 'config', meaning: 'TOML file with any of these options' };

/** `data_dir` as `WA_PRIVACY_DATA_DIR`. */
export const variableOf = (key: string): string => `WA_PRIVACY_${key.toUpperCase()}`;
/** `data_dir` as `--data-dir`. */
export const flagOf = (key: string): string => `--${key.replaceAll('_', '-')}`;

/** The keys an option goes by in the environment and the file: a secret also as the name of a file. */
export const keysOf = (name: OptionName): string[] =>
  optionSpec(name).secret ? [name, `${name}_file`] : [name];

/** The flags of `serve`, as commander takes them. */
export const serveFlags = (): { flag: string; description: string }[] => [
  ...OPTION_NAMES.map(name => ({
    flag: optionSpec(name).secret
      ? `${flagOf(`${name}_file`)} <file>`
      : `${flagOf(name)} <${optionSpec(name).kind}>`,
    description: `${optionSpec(name).secret ? 'file with ' : ''}${optionSpec(name).meaning} (${defaultText(name)})`,
  })),
  {
    flag: `${flagOf(CONFIG_FILE.name)} <file>`,
    description: `${CONFIG_FILE.meaning} (${variableOf(CONFIG_FILE.name)})`,
  },
];

const defaultText = (name: OptionName): string =>
  `${keysOf(name).map(variableOf).join(', ')}; default: ${optionSpec(name).default ?? optionSpec(name).otherwise ?? 'none'}`;

/** The options as a Markdown table, for the documentation. */
export function configTable(): string {
  const rows = OPTION_NAMES.map(name => {
    const { default: value, otherwise = '–', secret, meaning } = optionSpec(name);
    return [
      `\`${variableOf(name)}\`${secret ? ', `…_FILE`' : ''}`,
      value === undefined ? otherwise : `\`${value}\``,
      meaning,
    ];
  });
  const head = [
    ['variable', 'default', 'meaning'],
    ['---', '---', '---'],
  ];
  const config = [`\`${variableOf(CONFIG_FILE.name)}\``, '–', CONFIG_FILE.meaning];
  return [...head, ...rows, config].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
