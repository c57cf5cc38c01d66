import { randomBytes } from 'node:crypto';
import {
  type AuthenticationCreds,
  type BinaryNode,
  BufferJSON,
  type ConnectionState,
  initAuthCreds,
  makeWASocket,
  type SignalDataTypeMap,
  type UserFacingSocketConfig,
  WA_CERT_DETAILS,
  type WASocket,
} from '@whiskeysockets/baileys';
import { expect } from 'vitest';
import type { Phone, Simulator } from '../../../src/simulator/index.js';
import { worldCopies } from '../../support/world-copies.js';

type Logger = NonNullable<UserFacingSocketConfig['logger']>;
const none = () => undefined;
const silent: Logger = {
  level: 'silent',
  child: () => silent,
  trace: none,
  debug: none,
  info: none,
  warn: none,
  error: none,
};

/** What a client keeps between its connections. */
export type Client = { readonly creds: AuthenticationCreds; readonly keys: Map<string, unknown> };

export const newClient = (): Client => ({ creds: initAuthCreds(), keys: new Map() });

/** The real Baileys, dialling the simulator with nothing changed but the address and the root key. */
export function dial(
  simulator: Simulator,
  client: Client,
  options: Partial<UserFacingSocketConfig> = {},
): WASocket {
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(simulator.rootKey, 'hex');
  return makeWASocket({
    waWebSocketUrl: simulator.url,
    logger: silent,
    auth: { creds: client.creds, keys: keyStore(client.keys) },
    ...options,
  });
}

const keyStore = (kept: Map<string, unknown>) => ({
  get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const id of ids) {
      // What Baileys stored under this type it reads back as this type.
      if (kept.has(`${type}/${id}`)) found[id] = kept.get(`${type}/${id}`) as SignalDataTypeMap[T];
    }
    return found;
  },
  set: async (data: Record<string, Record<string, unknown>>) => {
    for (const [type, values] of Object.entries(data)) {
      for (const [id, value] of Object.entries(values)) kept.set(`${type}/${id}`, value);
    }
  },
});

/** Resolves with the first connection update from now on that is accepted. */
export const updated = (
  sock: WASocket,
  accepts: (update: Partial<ConnectionState>) => boolean,
): Promise<Partial<ConnectionState>> =>
  new Promise(resolve => {
    sock.ev.on('connection.update', update => {
      if (accepts(update)) resolve(update);
    });
  });

/** Resolves with the status code Baileys closes the connection with. */
export async function closing(sock: WASocket): Promise<number | undefined> {
  const { lastDisconnect } = await updated(sock, ({ connection }) => connection === 'close');
  const error = lastDisconnect?.error;
  return error && 'output' in error ? error.output.statusCode : undefined;
}

export const opening = (sock: WASocket) => updated(sock, ({ connection }) => connection === 'open');

/** Resolves with the first QR drawn from now on. */
export const nextQr = async (sock: WASocket): Promise<string> =>
  (await updated(sock, ({ qr }) => qr !== undefined)).qr ?? '';

/**
 * Does what rc14 does not: makes a new adv secret when WhatsApp retires the old one, and acks (rc14 throws there,
 * as it has no `creds.me` yet; Baileys PR 2749). Resolves with the QR of the same ref and the new secret.
 */
export const rotatedQr = (sock: WASocket, client: Client, shown: string): Promise<string> =>
  new Promise((resolve, reject) => {
    sock.ws.once('CB:notification,type:companion_reg_refresh', ({ attrs }: BinaryNode) => {
      client.creds.advSecretKey = randomBytes(32).toString('base64');
      const fields = shown.split(',');
      fields[3] = client.creds.advSecretKey;
      const { id = '', from = '', type = '' } = attrs;
      const ack = { tag: 'ack', attrs: { id, to: from, class: 'notification', type } };
      sock.sendNode(ack).then(() => resolve(fields.join(',')), reject);
    });
  });

/** Resolves with the next stanza that matches a Baileys callback pattern. */
export const received = (sock: WASocket, pattern: string): Promise<BinaryNode> =>
  new Promise(resolve => sock.ws.once(pattern, resolve));

/** Links a client to the phone, by a second scan as by default it must, and gives its first open connection. */
export async function linked(
  simulator: Simulator,
  phone: Phone,
  client = newClient(),
  options: Partial<UserFacingSocketConfig> = {},
): Promise<{ client: Client; sock: WASocket }> {
  const registering = dial(simulator, client, options);
  const closed = closing(registering);
  const qr = await nextQr(registering);
  const rotated = rotatedQr(registering, client, qr);
  const acked = simulator.findStanzas({ tag: 'ack', type: 'companion_reg_refresh' }).length;
  await phone.scan(qr);
  const fresh = await rotated;
  await acks(simulator, 'companion_reg_refresh', acked + 1);
  expect(await phone.scan(fresh)).toMatchObject({ linked: true });
  await closed;
  const sock = dial(simulator, client, options);
  await opening(sock);
  return { client, sock };
}

const PHONE_NUMBER = '15550100001';

/** A simulator with one phone, to which a client is linked that has logged in before, and its open connection. */
export async function startLinked(options: Partial<UserFacingSocketConfig> = {}) {
  linkedOnce ??= worldCopies(async simulator => {
    const { client, sock } = await linked(simulator, simulator.addPhone({ phoneNumber: PHONE_NUMBER }));
    await sock.end(undefined);
    return { creds: JSON.stringify(client.creds, BufferJSON.replacer), keys: client.keys };
  });
  const { left, start } = await linkedOnce;
  const simulator = await start();
  const phone = simulator.phone(PHONE_NUMBER);
  if (!phone) throw new Error('no phone in the copy');
  const client: Client = { creds: JSON.parse(left.creds, BufferJSON.reviver), keys: new Map(left.keys) };
  const sock = dial(simulator, client, options);
  await opening(sock);
  return { simulator, phone, client, sock };
}

/** Of all tests in this process. */
let linkedOnce: ReturnType<typeof worldCopies<{ creds: string; keys: Client['keys'] }>> | undefined;

/** Resolves when clients have sent this many acks of the type. */
export const acks = (simulator: Simulator, type: string, count: number): Promise<void> =>
  expect.poll(() => simulator.findStanzas({ tag: 'ack', type }).length).toBeGreaterThanOrEqual(count);
