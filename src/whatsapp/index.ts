import './baileys/frame-bounds.js'; // Before anything that loads Baileys.

import { BUILT_IN } from '../domain/version/client-version.js';
import type { ClientVersions } from '../instances/ports/client-version.js';
import type { WhatsApp } from '../instances/ports/ports.js';
import type { CredentialStore } from '../instances/ports/store.js';
import {
  type ConnectionOptions,
  DEFAULT_PUSH_TRUST_MS,
  DEFAULT_TIMEOUTS,
  type Timeouts,
  type WhatsAppLog,
} from './connection/connection-options.js';
import { overBaileys } from './load-baileys.js';

export type { Timeouts, WhatsAppLog } from './connection/connection-options.js';

/** Where WhatsApp is, and where its secrets are kept. */
export type WhatsAppOptions = {
  /** `ws:` or `wss:`; WhatsApp's own when undefined. */
  readonly url?: string | undefined;
  /** The key that signs the server's certificates: 32 bytes, or as hex; WhatsApp's own when undefined. */
  readonly rootKey?: string | Uint8Array | undefined;
  /** Of instances without their own; undefined for none. */
  readonly proxy?: string | undefined;
  /** That of this release, whatever becomes of it, when undefined. */
  readonly versions?: ClientVersions;
  readonly credentials: CredentialStore;
  readonly log: WhatsAppLog;
  readonly timeouts?: Partial<Timeouts>;
  /** How long a read holds while WhatsApp announces no change; 10 minutes when undefined. */
  readonly pushTrustMs?: number | undefined;
};

/**
 * WhatsApp over Baileys.
 *
 * @throws TypeError when the URL or the key is none
 */
export function whatsApp({
  url,
  rootKey,
  proxy,
  versions = builtInOnly,
  credentials,
  log,
  timeouts,
  pushTrustMs = DEFAULT_PUSH_TRUST_MS,
}: WhatsAppOptions): WhatsApp {
  const settings: ConnectionOptions = {
    url: checkedUrl(url),
    rootKey: checkedKey(rootKey),
    versions,
    proxy,
    credentials,
    log,
    timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts },
    pushTrustMs,
  };
  return {
    connect: async (...call) => (await overBaileys()).logIn(settings, ...call),
    link: async (...call) => (await overBaileys()).linkDevice(settings, ...call),
    importedDevice: async content => (await overBaileys()).importedDevice(content),
    deviceIn: async credentials => (await overBaileys()).deviceIn(credentials),
  };
}

/** Announces the version of this release, whatever becomes of it. */
export const builtInOnly: ClientVersions = {
  announced: () => BUILT_IN,
  refused: () => undefined,
  expirationTold: () => undefined,
  onRaised: () => undefined,
  status: () => ({ announced: BUILT_IN, expireTime: undefined, fetched: undefined }),
};

function checkedUrl(url: string | undefined): string | undefined {
  if (url !== undefined && !/^wss?:$/.test(new URL(url).protocol))
    throw new TypeError('the URL of WhatsApp must begin with ws:// or wss://');
  return url;
}

function checkedKey(key: string | Uint8Array | undefined): Buffer<ArrayBuffer> | undefined {
  if (key === undefined) return undefined;
  const bytes = typeof key === 'string' ? Buffer.from(key, 'hex') : Buffer.from(key);
  if (bytes.length !== 32) throw new TypeError('the root key of WhatsApp must be 32 bytes');
  return bytes;
}
