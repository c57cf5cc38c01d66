/** What every client command takes to reach the service; flags win over the environment. */
export const CLIENT_OPTIONS = {
  server: {
    flag: '--server <host:port>',
    variable: 'WA_PRIVACY_SERVER',
    default: '127.0.0.1:50051',
    meaning: 'address of the service',
  },
  token: {
    // Never a flag: process lists show flags.
    variable: 'WA_PRIVACY_TOKEN',
    meaning: 'bearer token',
  },
  tokenFile: {
    flag: '--token-file <file>',
    variable: 'WA_PRIVACY_TOKEN_FILE',
    meaning: 'file with the bearer token',
  },
  tls: { flag: '--tls', meaning: 'use TLS' },
  caFile: { flag: '--ca-file <file>', meaning: "CA (PEM) of the service's certificate; implies --tls" },
  certFile: { flag: '--cert-file <file>', meaning: 'own certificate (PEM), for mutual TLS' },
  keyFile: { flag: '--key-file <file>', meaning: 'private key of that certificate (PEM)' },
  timeout: { flag: '--timeout <duration>', default: '30s', meaning: 'how long to wait for an answer' },
  config: {
    flag: '--config <file>',
    variable: 'WA_PRIVACY_CONFIG',
    meaning: 'TOML file with presets of your own, [presets.NAME]',
  },
  json: { flag: '--json', meaning: 'print JSON' },
} as const satisfies Record<string, { flag?: string; variable?: string; default?: string; meaning: string }>;

/** The variables of client commands. */
export const CLIENT_VARIABLES: string[] = Object.values(CLIENT_OPTIONS).flatMap(option =>
  'variable' in option ? [option.variable] : [],
);
