import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { proxyMistake } from '../domain/proxy.js';
import { revisionIn } from '../domain/version/client-version.js';
import { networksIn } from '../input/networks.js';
import { cannotRead } from '../input/toml-file.js';
import { LOG_LEVELS } from '../observability/log-level.js';
import { databaseUrlMistake } from './database-url.js';
import { secret } from './secret.js';
import type { OPTIONS, OptionName, OptionSpec } from './table.js';

const ADDRESS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]+)):(?<port>\d{1,5})$/;

/** How the text of each kind of option is checked and read. Messages never quote the text: it may be a secret. */
export const PARSERS = {
  address: z.string().transform((text, context) => {
    const { v6, host = v6, port } = ADDRESS.exec(text)?.groups ?? {};
    if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
    context.addIssue('must be HOST:PORT, an IPv6 host in brackets');
    return z.NEVER;
  }),
  folder: z
    .string()
    .min(1, 'must name a folder')
    .transform(path => resolve(path)),
  file: z.string().transform((path, context) => {
    try {
      return { path: resolve(path), content: readFileSync(path) };
    } catch (cause) {
      context.addIssue(cannotRead(cause));
      return z.NEVER;
    }
  }),
  master_key: z
    .string()
    .regex(/^[\w+/-]{43}=?$/, 'must be 32 bytes in base64')
    .transform(text => secret(Buffer.from(text, 'base64'))),
  token: z
    .string()
    .regex(/^[!-+\--~]{1,512}$/, 'must be 1 to 512 visible ASCII characters without a comma')
    .transform(secret),
  networks: z.string().transform((text, context) => {
    const networks = networksIn(text);
    if (networks) return networks;
    context.addIssue('must be addresses or CIDR networks, separated by commas');
    return z.NEVER;
  }),
  count: z
    .string()
    .regex(/^0*[1-9]\d{0,8}$/, 'must be a whole number above 0')
    .transform(Number),
  count_or_0: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number, or 0')
    .transform(Number),
  connection_mode: z
    .enum(['always', 'on_demand'], 'must be always or on_demand')
    .transform(text => text.toUpperCase() as Uppercase<typeof text>),
  reflection: z.enum(['true', 'with_token', 'false'], 'must be true, with_token or false'),
  presence: z
    .enum(['none', 'unavailable', 'pulse'], 'must be none, unavailable or pulse')
    .transform(text => text.toUpperCase() as Uppercase<typeof text>),
  pulse_days: z
    .string()
    .regex(/^(?:[1-9]|1[0-4])$/, 'must be a whole number from 1 to 14')
    .transform(Number),
  boolean: z.enum(['true', 'false'], 'must be true or false').transform(text => text === 'true'),
  name: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes and underscores'),
  level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
  version: z.string().transform((text, context) => {
    const revision = revisionIn(text);
    if (revision !== undefined) return revision;
    context.addIssue('must be 2.3000. and 9 or 10 digits, as WhatsApp Web shows it under Settings, Help');
    return z.NEVER;
  }),
  version_fetching: z.enum(['off', 'when_refused', 'daily'], 'must be off, when_refused or daily'),
  web_url: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }),
  proxy: z.string().transform((text, context) => {
    const mistake = proxyMistake(text);
    if (mistake === undefined) return secret(text);
    context.addIssue(mistake);
    return z.NEVER;
  }),
  database_url: z.string().transform((text, context) => {
    const mistake = databaseUrlMistake(text);
    if (mistake === undefined) return secret(text);
    context.addIssue(mistake);
    return z.NEVER;
  }),
  url: z.url({ protocol: /^wss?$/, error: 'must be a ws:// or wss:// URL' }),
  hex: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 32 bytes in hex')
    .transform(text => Buffer.from(text, 'hex')),
} satisfies Record<OptionSpec['kind'], z.ZodType>;

type Row<O extends OptionName> = (typeof OPTIONS)[O];
/** The options as read, one by one; undefined: not given, and without a default. */
export type Values = {
  readonly [O in OptionName]:
    | z.output<(typeof PARSERS)[Row<O>['kind']]>
    | (Row<O> extends { default: string } ? never : undefined);
};
