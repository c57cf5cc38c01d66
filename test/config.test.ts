import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { type Config, readConfig } from '../src/config/config.js';
import { configTable, OPTION_NAMES, variableOf } from '../src/config/table.js';
import { certificate } from './support/certificate.js';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file and gives its path. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

type Texts = Record<string, string | undefined>;

function configOf(env: Texts = {}, flags: Texts = {}): Config {
  const result = readConfig({ env, flags });
  if (result.kind === 'mistakes') throw new Error(result.mistakes.join('\n'));
  return result.config;
}

function mistakesOf(env: Texts = {}, flags: Texts = {}): readonly string[] {
  const result = readConfig({ env, flags });
  return result.kind === 'mistakes' ? result.mistakes : [];
}

describe('without any option', () => {
  test('the defaults hold', () => {
    expect(configOf()).toEqual({
      listen: { host: '127.0.0.1', port: 50051 },
      dataDir: resolve('data'),
      rateLimitPerMinute: 100,
      reflection: 'anybody',
      logLevel: 'info',
      whatsapp: {},
      version: { fetching: 'when_refused', url: 'https://web.whatsapp.com/sw.js' },
      budget: { sets: 240, reads: 1200, lookups: 2000 },
      links: { perInstance: 10, perNumber: 5, perNode: 500 },
      pushTrustMs: 600_000,
      sharedReadMs: 3_000,
      historyMs: 7_776_000_000,
      connections: { mode: 'ALWAYS', idleMs: 60_000, mostIdle: 200 },
      presence: { mode: 'NONE', pulseEveryMs: 7 * 86_400_000 },
    });
  });
});

test.each([0o444, 0o640, 0o660])('a secret is read from a file that was mounted with mode %o', mode => {
  const path = file(`mounted-${mode}`, 'wap_a-mounted-secret\n');
  chmodSync(path, mode);
  expect(configOf({ WA_PRIVACY_ACCOUNT_TOKEN_FILE: path }).accountToken?.reveal()).toBe(
    'wap_a-mounted-secret',
  );
  expect(statSync(path).mode & 0o777).toBe(mode);
});

test('a history of 0 days is kept for ever', () => {
  expect(configOf({ WA_PRIVACY_HISTORY_DAYS: '0' }).historyMs).toBeUndefined();
});

describe('the order of sources', () => {
  const env = {
    WA_PRIVACY_CONFIG: file(
      'order.toml',
      'log_level = "debug"\nrate_limit_per_minute = 7\nreflection = false',
    ),
  };

  test('a flag wins over a variable, a variable over the file', () => {
    expect(configOf(env)).toMatchObject({ logLevel: 'debug', rateLimitPerMinute: 7, reflection: 'nobody' });
    expect(configOf({ ...env, WA_PRIVACY_LOG_LEVEL: 'warn' })).toMatchObject({ logLevel: 'warn' });
    expect(configOf({ ...env, WA_PRIVACY_LOG_LEVEL: 'warn' }, { '--log-level': 'error' })).toMatchObject({
      logLevel: 'error',
      rateLimitPerMinute: 7,
    });
  });

  test('the file named by the flag wins over the one named by the variable', () => {
    expect(configOf(env, { '--config': file('other.toml', 'log_level = "silent"') })).toMatchObject({
      logLevel: 'silent',
      rateLimitPerMinute: 100,
    });
  });

  test('an empty variable counts as not set', () => {
    expect(configOf({ ...env, WA_PRIVACY_LOG_LEVEL: '' })).toMatchObject({ logLevel: 'debug' });
  });
});

describe('each option', () => {
  test.each([
    [{ WA_PRIVACY_LISTEN: '[::1]:0' }, { listen: { host: '::1', port: 0 } }],
    [{ WA_PRIVACY_LISTEN: 'localhost:65535' }, { listen: { host: 'localhost', port: 65535 } }],
    [
      { WA_PRIVACY_LISTEN: '0.0.0.0:50051', WA_PRIVACY_ALLOW_PLAINTEXT: 'true' },
      { listen: { host: '0.0.0.0', port: 50051 } },
    ],
    [{ WA_PRIVACY_SETS_PER_HOUR: '0', WA_PRIVACY_READS_PER_HOUR: '5' }, { budget: { sets: 0, reads: 5 } }],
    [
      { WA_PRIVACY_WHATSAPP_URL: 'ws://127.0.0.1:8080/ws', WA_PRIVACY_WHATSAPP_ROOT_KEY: '0a'.repeat(32) },
      {
        whatsapp: { url: 'ws://127.0.0.1:8080/ws', rootKey: Buffer.alloc(32, 10) },
        version: { fetching: 'off' },
      },
    ],
    [
      { WA_PRIVACY_WHATSAPP_URL: 'ws://127.0.0.1:8080/ws', WA_PRIVACY_WHATSAPP_VERSION_FETCH: 'daily' },
      { version: { fetching: 'daily' } },
    ],
    [
      { WA_PRIVACY_WHATSAPP_VERSION: '2.3000.1060000000', WA_PRIVACY_WHATSAPP_VERSION_FETCH: 'off' },
      { version: { configured: 1_060_000_000, fetching: 'off' } },
    ],
  ])('is read: %o', (env, expected) => {
    expect(configOf(env)).toMatchObject(expected);
  });

  test.each([
    'postgres://wa@localhost/wa',
    'postgresql://wa:sesame@127.0.0.1:5433/wa',
    'postgres://wa@[::1]/wa',
    'postgres:///wa?host=/var/run/postgresql',
    'postgres://wa@db.example.com/wa?sslmode=disable',
    'postgres://wa@db.example.com/wa?sslmode=verify-full&sslrootcert=/etc/ca.pem',
  ])('of the database takes %s', url => {
    const { database } = configOf({ WA_PRIVACY_DATABASE_URL: url });
    expect(database?.url.reveal()).toBe(url);
    expect(database?.connections).toBe(10);
  });

  test('of trusted proxies is read as a list of networks', () => {
    const { trustedProxies } = configOf({
      WA_PRIVACY_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,2001:db8::/32',
    });
    const trusted = (address: string, family: 'ipv4' | 'ipv6') => trustedProxies?.check(address, family);
    expect([trusted('10.9.9.9', 'ipv4'), trusted('192.0.2.7', 'ipv4')]).toEqual([true, true]);
    expect([trusted('2001:db8::9', 'ipv6'), trusted('::ffff:10.9.9.9', 'ipv6')]).toEqual([true, true]);
    expect([trusted('192.0.2.8', 'ipv4'), trusted('2001:db9::', 'ipv6')]).toEqual([false, false]);
  });

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    'fe80::1%eth0',
    '::/129',
    '10.0.0.1,',
    'lb.test',
    '1.2.3.4/8/8',
  ])('of trusted proxies is refused: %s', networks => {
    expect(mistakesOf({ WA_PRIVACY_TRUSTED_PROXIES: networks })).toEqual([
      'WA_PRIVACY_TRUSTED_PROXIES: must be addresses or CIDR networks, separated by commas',
    ]);
  });

  test('of TLS is read from its file', () => {
    const { cert, key } = certificate();
    const { tls } = configOf({
      WA_PRIVACY_LISTEN: '0.0.0.0:50051',
      WA_PRIVACY_TLS_CERT_FILE: file('cert.pem', cert),
      WA_PRIVACY_TLS_KEY_FILE: file('key.pem', key),
      WA_PRIVACY_TLS_CLIENT_CA_FILE: join(folder, 'cert.pem'),
    });
    expect(tls?.files).toEqual({
      cert: join(folder, 'cert.pem'),
      key: join(folder, 'key.pem'),
      clientCa: join(folder, 'cert.pem'),
    });
    expect(tls?.cert.toString()).toBe(cert);
    expect(tls?.key.reveal().toString()).toBe(key);
    expect(tls?.clientCa?.toString()).toBe(cert);
  });

  test.each([
    ['WA_PRIVACY_LISTEN', 'localhost', 'must be HOST:PORT, an IPv6 host in brackets'],
    ['WA_PRIVACY_LISTEN', '127.0.0.1:65536', 'must be HOST:PORT, an IPv6 host in brackets'],
    ['WA_PRIVACY_LISTEN', '::1:50051', 'must be HOST:PORT, an IPv6 host in brackets'],
    ['WA_PRIVACY_MASTER_KEY', 'c2hvcnQ=', 'must be 32 bytes in base64'],
    ['WA_PRIVACY_ACCOUNT_TOKEN', 'two words', 'must be 1 to 512 visible ASCII characters without a comma'],
    ['WA_PRIVACY_ACCOUNT_TOKEN', 'one,two', 'must be 1 to 512 visible ASCII characters without a comma'],
    ['WA_PRIVACY_RATE_LIMIT_PER_MINUTE', '0', 'must be a whole number above 0'],
    ['WA_PRIVACY_SETS_PER_HOUR', '-1', 'must be a whole number, or 0'],
    ['WA_PRIVACY_REFLECTION', 'yes', 'must be true, with_token or false'],
    ['WA_PRIVACY_LOG_LEVEL', 'trace', 'must be one of debug, info, warn, error, silent'],
    [
      'WA_PRIVACY_WHATSAPP_VERSION',
      '2.3000.1060000000-alpha',
      'must be 2.3000. and 9 or 10 digits, as WhatsApp Web shows it under Settings, Help',
    ],
    ['WA_PRIVACY_WHATSAPP_VERSION_FETCH', 'hourly', 'must be off, when_refused or daily'],
    ['WA_PRIVACY_WHATSAPP_VERSION_URL', 'file:///sw.js', 'must be an http:// or https:// URL'],
    ['WA_PRIVACY_WHATSAPP_URL', 'https://example.org', 'must be a ws:// or wss:// URL'],
    ['WA_PRIVACY_TLS_CERT_FILE', '/nowhere/cert.pem', 'cannot read the file (ENOENT)'],
    ['WA_PRIVACY_CONFIG', '/nowhere/wa-privacy.toml', 'cannot read the file (ENOENT)'],
    [
      'WA_PRIVACY_DATABASE_URL',
      'mysql://db/wa',
      'must be a URL like postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    ],
    [
      'WA_PRIVACY_DATABASE_URL',
      'postgres://db',
      'must be a URL like postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    ],
    [
      'WA_PRIVACY_DATABASE_URL',
      'postgres://db.example.com/wa?sslmode=prefer',
      'its sslmode must be one of disable, require, verify-ca, verify-full',
    ],
    [
      'WA_PRIVACY_DATABASE_URL',
      'postgres://db.example.com/wa',
      'its host is not a loopback address: say sslmode=verify-full (with sslrootcert=FILE where no public CA signed its certificate), or sslmode=disable',
    ],
    ['WA_PRIVACY_DATABASE_CONNECTIONS', '0', 'must be a whole number above 0'],
    ['WA_PRIVACY_METRICS_LISTEN', '127.0.0.1:9090', 'not available in this version'],
  ])('that is wrong is named: %s=%s', (variable, text, mistake) => {
    expect(mistakesOf({ [variable]: text })).toContain(`${variable}: ${mistake}`);
  });
});

describe('a node among several', () => {
  const KEY = Buffer.alloc(32, 7).toString('base64');
  const NODE = {
    WA_PRIVACY_DATABASE_URL: 'postgres://wa@localhost/wa',
    WA_PRIVACY_MASTER_KEY: KEY,
    WA_PRIVACY_ACCOUNT_TOKEN: 'wap_the-same-on-all-nodes',
    WA_PRIVACY_NODE_LISTEN: '127.0.0.1:0',
  };

  test('is none unless it listens for others', () => {
    expect(configOf().node).toBeUndefined();
  });

  test('is called as its host, runs what there is, and is reached where it listens', () => {
    expect(configOf(NODE).node).toEqual({
      name: hostname(),
      listen: { host: '127.0.0.1', port: 0 },
      address: undefined,
      mostInstances: undefined,
      tls: undefined,
    });
  });

  test('has options of its own', () => {
    const { cert, key } = certificate();
    const config = configOf({
      ...NODE,
      WA_PRIVACY_NODE_LISTEN: '0.0.0.0:7000',
      WA_PRIVACY_NODE_ADDRESS: 'node-1.wa:7000',
      WA_PRIVACY_NODE_NAME: 'node-1',
      WA_PRIVACY_NODE_INSTANCES: '500',
      WA_PRIVACY_NODE_CERT_FILE: file('node.pem', cert),
      WA_PRIVACY_NODE_KEY_FILE: file('node-key.pem', key),
      WA_PRIVACY_NODE_CA_FILE: file('node-ca.pem', cert),
      WA_PRIVACY_DATABASE_LISTEN_URL: 'postgres://wa@localhost:5433/wa',
    });
    expect(config.node).toMatchObject({
      name: 'node-1',
      listen: { host: '0.0.0.0', port: 7000 },
      address: { host: 'node-1.wa', port: 7000 },
      mostInstances: 500,
    });
    const { tls } = config.node ?? {};
    expect([tls?.cert.toString(), tls?.key.reveal().toString(), tls?.ca.toString()]).toEqual([
      cert,
      key,
      cert,
    ]);
    expect(config.database?.listenUrl?.reveal()).toBe('postgres://wa@localhost:5433/wa');
  });

  test.each<[string, Texts, string[]]>([
    [
      'without a database that others reach, and a key and a token that they have too',
      { WA_PRIVACY_DATABASE_URL: '', WA_PRIVACY_MASTER_KEY: '', WA_PRIVACY_ACCOUNT_TOKEN: '' },
      [
        'WA_PRIVACY_NODE_LISTEN: needs WA_PRIVACY_DATABASE_URL too',
        'WA_PRIVACY_NODE_LISTEN: needs WA_PRIVACY_MASTER_KEY too',
        'WA_PRIVACY_NODE_LISTEN: needs WA_PRIVACY_ACCOUNT_TOKEN too',
      ],
    ],
    [
      'while it takes over a master key',
      { WA_PRIVACY_PREVIOUS_MASTER_KEY: KEY },
      [
        'WA_PRIVACY_PREVIOUS_MASTER_KEY: start one process alone with it first, without WA_PRIVACY_NODE_LISTEN',
      ],
    ],
    [
      'that nobody can dial',
      { WA_PRIVACY_NODE_LISTEN: '0.0.0.0:7000', WA_PRIVACY_NODE_ALLOW_PLAINTEXT: 'true' },
      ['WA_PRIVACY_NODE_LISTEN: needs WA_PRIVACY_NODE_ADDRESS too, as nobody can dial 0.0.0.0'],
    ],
    ['at no port', { WA_PRIVACY_NODE_ADDRESS: 'node-1:0' }, ['WA_PRIVACY_NODE_ADDRESS: must name a port']],
    [
      'in plaintext beyond loopback',
      { WA_PRIVACY_NODE_LISTEN: '10.0.0.1:7000' },
      [
        'WA_PRIVACY_NODE_LISTEN: 10.0.0.1 is not a loopback address: set WA_PRIVACY_NODE_CERT_FILE, ' +
          'WA_PRIVACY_NODE_KEY_FILE and WA_PRIVACY_NODE_CA_FILE, or WA_PRIVACY_NODE_ALLOW_PLAINTEXT=true',
      ],
    ],
    [
      'with half of TLS',
      { WA_PRIVACY_NODE_CA_FILE: file('lone-ca.pem', certificate().cert) },
      ['WA_PRIVACY_NODE_CA_FILE: needs WA_PRIVACY_NODE_CERT_FILE too'],
    ],
    [
      'with a name that is a sentence',
      { WA_PRIVACY_NODE_NAME: 'my node' },
      ['WA_PRIVACY_NODE_NAME: must be 1 to 64 letters, digits, dots, dashes and underscores'],
    ],
  ])('is refused %s', (_, env, mistakes) => {
    expect(mistakesOf({ ...NODE, ...env })).toEqual(mistakes);
  });

  test('is what its options need', () => {
    expect(mistakesOf({ WA_PRIVACY_NODE_NAME: 'node-1' })).toEqual([
      'WA_PRIVACY_NODE_NAME: needs WA_PRIVACY_NODE_LISTEN too',
    ]);
  });
});

describe('options that do not fit together', () => {
  test('plaintext beyond loopback is refused', () => {
    expect(mistakesOf({ WA_PRIVACY_LISTEN: '0.0.0.0:50051' })).toEqual([
      'WA_PRIVACY_LISTEN: 0.0.0.0 is not a loopback address: set WA_PRIVACY_TLS_CERT_FILE and ' +
        'WA_PRIVACY_TLS_KEY_FILE, or WA_PRIVACY_ALLOW_PLAINTEXT=true',
    ]);
  });

  test('half of TLS and a root key without its server are refused', () => {
    expect(
      mistakesOf({
        WA_PRIVACY_TLS_KEY_FILE: file('lone.pem', certificate().key),
        WA_PRIVACY_WHATSAPP_ROOT_KEY: '0a'.repeat(32),
      }),
    ).toEqual([
      'WA_PRIVACY_TLS_KEY_FILE: needs WA_PRIVACY_TLS_CERT_FILE too',
      'WA_PRIVACY_WHATSAPP_ROOT_KEY: needs WA_PRIVACY_WHATSAPP_URL too',
    ]);
  });

  test('a previous master key without its successor is refused', () => {
    const key = Buffer.alloc(32, 1).toString('base64');
    expect(mistakesOf({ WA_PRIVACY_PREVIOUS_MASTER_KEY: key })).toEqual([
      'WA_PRIVACY_PREVIOUS_MASTER_KEY: needs WA_PRIVACY_MASTER_KEY too',
    ]);
    expect(configOf({ WA_PRIVACY_MASTER_KEY: key, WA_PRIVACY_PREVIOUS_MASTER_KEY: key })).toMatchObject({
      previousMasterKey: { reveal: expect.any(Function) },
    });
  });

  test('a certificate that is none is refused', () => {
    const env = {
      WA_PRIVACY_TLS_CERT_FILE: file('not-a-cert.pem', 'hello'),
      WA_PRIVACY_TLS_KEY_FILE: file('its-key.pem', certificate().key),
    };
    expect(mistakesOf(env)).toEqual([
      'WA_PRIVACY_TLS_CERT_FILE: not a certificate and key in PEM that belong together',
    ]);
  });
});

describe('several mistakes', () => {
  test('are reported together, each by flag, variable or key of the file', () => {
    const path = file(
      'wrong.toml',
      'log_level = "loud"\nlog_levle = "info"\nmetrics_listen = "x"\ndata_dir = [1]',
    );
    expect(
      mistakesOf(
        { WA_PRIVACY_LISTN: 'x', WA_PRIVACY_REFLECTION: 'no' },
        { '--config': path, '--listen': 'x' },
      ),
    ).toEqual([
      'WA_PRIVACY_LISTN: unknown; did you mean WA_PRIVACY_LISTEN?',
      `log_levle in ${path}: unknown; did you mean log_level in ${path}?`,
      `metrics_listen in ${path}: not available in this version`,
      `data_dir in ${path}: must be text, a number, true or false`,
      '--listen: must be HOST:PORT, an IPv6 host in brackets',
      'WA_PRIVACY_REFLECTION: must be true, with_token or false',
      `log_level in ${path}: must be one of debug, info, warn, error, silent`,
    ]);
  });

  test('do not include the variables of client commands, nor those Kubernetes makes for a service', () => {
    const env = {
      WA_PRIVACY_SERVER: 'localhost:50051',
      WA_PRIVACY_TOKEN: 'wap_x',
      WA_PRIVACY_SERVICE_HOST: '10.0.0.1',
      WA_PRIVACY_SERVICE_PORT_GRPC: '50051',
      WA_PRIVACY_PORT: 'tcp://10.0.0.1:50051',
      WA_PRIVACY_PORT_50051_TCP_ADDR: '10.0.0.1',
    };
    expect(mistakesOf(env)).toEqual([]);
  });
});

describe('the proxy', () => {
  const proxiesOf = (env: Texts) => {
    const { whatsapp, version } = configOf(env);
    return [whatsapp.proxy?.reveal(), version.proxy?.reveal()];
  };
  const LOCAL = { WA_PRIVACY_WHATSAPP_URL: 'ws://127.0.0.1:8080/ws' };
  const OF_ALL = 'http://user:open%3Asesame@proxy.example:3128';

  test.each<[string, Texts, string | undefined, string | undefined]>([
    ['is none by default', {}, undefined, undefined],
    ['is the one that is set', { WA_PRIVACY_PROXY: 'socks5://s:1' }, 'socks5://s:1', 'socks5://s:1'],
    ['is the one of the environment', { HTTPS_PROXY: OF_ALL }, OF_ALL, OF_ALL],
    ['is rather the one in small letters', { HTTPS_PROXY: 'http://a', https_proxy: OF_ALL }, OF_ALL, OF_ALL],
    ['may be without scheme there', { HTTPS_PROXY: 'a:3128' }, 'http://a:3128', 'http://a:3128'],
    [
      'is rather the one that is set',
      { HTTPS_PROXY: OF_ALL, WA_PRIVACY_PROXY: 'http://b' },
      'http://b',
      'http://b',
    ],
    [
      'is not that of the environment where that is switched off',
      { HTTPS_PROXY: OF_ALL, WA_PRIVACY_PROXY_FROM_ENVIRONMENT: 'false' },
      undefined,
      undefined,
    ],
    ['of the environment is for TLS alone', { HTTPS_PROXY: OF_ALL, ...LOCAL }, undefined, OF_ALL],
    ['that is set is for all', { WA_PRIVACY_PROXY: 'http://b', ...LOCAL }, 'http://b', 'http://b'],
    ['has exceptions', { HTTPS_PROXY: OF_ALL, NO_PROXY: 'localhost, .whatsapp.com' }, undefined, undefined],
    ['has exceptions by port', { HTTPS_PROXY: OF_ALL, NO_PROXY: 'web.whatsapp.com:8443' }, OF_ALL, OF_ALL],
    ['has exceptions for all', { HTTPS_PROXY: OF_ALL, no_proxy: '*' }, undefined, undefined],
    [
      'has no exceptions by a part of a name',
      { HTTPS_PROXY: OF_ALL, NO_PROXY: 'app.com,b.whatsapp.com' },
      OF_ALL,
      OF_ALL,
    ],
    [
      'has exceptions for one target',
      {
        HTTPS_PROXY: OF_ALL,
        NO_PROXY: 'mirror.example:443',
        WA_PRIVACY_WHATSAPP_VERSION_URL: 'https://mirror.example/sw.js',
      },
      OF_ALL,
      undefined,
    ],
  ])('%s', (_, env, ofWhatsApp, ofVersion) => {
    expect(proxiesOf(env)).toEqual([ofWhatsApp, ofVersion]);
  });

  test.each([
    [
      'ftp://proxy.example',
      'must be a URL like http://user:password@host:port, its scheme http, https, socks5 or socks5h',
    ],
    [
      'proxy.example:3128',
      'must be a URL like http://user:password@host:port, its scheme http, https, socks5 or socks5h',
    ],
    ['http://proxy.example/path', 'must end with the port of the proxy'],
    ['http://opensesame%@proxy.example', 'must have user and password percent-encoded'],
  ])('that is none is refused: %s', (proxy, mistake) => {
    expect(mistakesOf({ WA_PRIVACY_PROXY: proxy })).toEqual([`WA_PRIVACY_PROXY: ${mistake}`]);
  });

  test('of the environment that cannot be used is not passed over', () => {
    expect(mistakesOf({ HTTPS_PROXY: 'socks4://a' })).toEqual([
      expect.stringMatching(
        /^HTTPS_PROXY: must be a URL .*; or set WA_PRIVACY_PROXY_FROM_ENVIRONMENT=false$/,
      ),
    ]);
    expect(mistakesOf({ HTTPS_PROXY: 'socks4://a', WA_PRIVACY_PROXY: 'http://b' })).toEqual([]);
  });

  test('does not show when the configuration is printed', () => {
    for (const config of [configOf({ WA_PRIVACY_PROXY: OF_ALL }), configOf({ HTTPS_PROXY: OF_ALL })])
      expect(JSON.stringify(config) + inspect(config, { depth: 9, showHidden: true })).not.toContain(
        'sesame',
      );
  });
});

describe('a secret', () => {
  const KEY = Buffer.alloc(32, 251);

  test('is read from a file as from the variable', () => {
    const config = configOf({
      WA_PRIVACY_MASTER_KEY_FILE: file('master-key', `${KEY.toString('base64')}\n`),
      WA_PRIVACY_ACCOUNT_TOKEN: 'wap_abc',
    });
    expect(config.masterKey?.reveal()).toEqual(KEY);
    expect(config.accountToken?.reveal()).toBe('wap_abc');
    expect(configOf({}, { '--account-token-file': file('token', 'wap_def\n') }).accountToken?.reveal()).toBe(
      'wap_def',
    );
    expect(configOf({ WA_PRIVACY_MASTER_KEY: KEY.toString('base64url') }).masterKey?.reveal()).toEqual(KEY);
  });

  test('given both ways is refused', () => {
    const env = { WA_PRIVACY_ACCOUNT_TOKEN: 'wap_abc', WA_PRIVACY_ACCOUNT_TOKEN_FILE: file('t', 'wap_def') };
    expect(mistakesOf(env)).toEqual([
      'WA_PRIVACY_ACCOUNT_TOKEN and WA_PRIVACY_ACCOUNT_TOKEN_FILE: set only one of them',
    ]);
  });

  test('does not show when the configuration is printed', () => {
    const { cert, key } = certificate();
    const config = configOf({
      WA_PRIVACY_MASTER_KEY: KEY.toString('base64'),
      WA_PRIVACY_ACCOUNT_TOKEN: 'opensesame',
      WA_PRIVACY_TLS_CERT_FILE: file('c.pem', cert),
      WA_PRIVACY_TLS_KEY_FILE: file('k.pem', key),
    });
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      config.accountToken?.toString() ?? '',
    ];
    for (const text of printed) {
      expect(text).toContain('[secret]');
      expect(text).not.toContain('opensesame');
      expect(text).not.toContain(KEY.toString('base64'));
      expect(text).not.toContain(JSON.stringify(KEY));
      expect(text).not.toContain('PRIVATE KEY');
    }
  });

  test('does not show in the mistakes', () => {
    const secret = 'open sesame';
    const mistakes = mistakesOf({
      WA_PRIVACY_ACCOUNT_TOKEN: secret,
      WA_PRIVACY_MASTER_KEY_FILE: secret,
      WA_PRIVACY_TOKN: secret,
      WA_PRIVACY_CONFIG: file('secret.toml', `account_token = "${secret}" oops`),
    }).join('\n');
    expect(mistakes.split('\n')).toHaveLength(4);
    expect(mistakes).not.toContain(secret);
  });
});

describe('the documentation', () => {
  test('has a row for every option', () => {
    const rows = configTable().split('\n').slice(2);
    expect(rows.map(row => /`(WA_PRIVACY_\w+)`/.exec(row)?.[1])).toEqual(
      [...OPTION_NAMES, 'config'].map(variableOf),
    );
    for (const row of rows) expect(row.split(' | ')).toHaveLength(3);
  });

  test.skipIf(!existsSync('README.md'))('holds the table of options as the code has it', () => {
    expect(readFileSync('README.md', 'utf8')).toContain(configTable());
  });
});
