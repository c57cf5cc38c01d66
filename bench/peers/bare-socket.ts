import makeWASocket, { Curve, type SignalKeyStore, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { SILENT } from '../../src/whatsapp/baileys/baileys-logger.js';
import { BROWSER, LIGHT_OPTIONS } from '../../src/whatsapp/baileys/light-socket.js';
import { decodeCredentials } from '../../src/whatsapp/connection/auth-state.js';
import { isSignedBy } from '../../src/whatsapp/curve/signature-check.js';
import type { Identity } from '../stage/seed.js';

const KEEP_ALIVE_MS = 20_000;

/** Makes Baileys' signature check a true one, as the service does, for a WhatsApp with this root key. */
export function checkSignatures(rootKey: string): void {
  Curve.verify = isSignedBy;
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootKey, 'hex');
}

/** A light Baileys socket with nothing around, once the login is accepted. */
export function dial(url: string, { credentials, keys }: Identity): Promise<ReturnType<typeof makeWASocket>> {
  const creds = decodeCredentials(Buffer.from(credentials));
  const sock = makeWASocket({
    ...LIGHT_OPTIONS,
    waWebSocketUrl: url,
    auth: { creds, keys: memoryKeys(keys) },
    logger: SILENT,
    browser: BROWSER,
    keepAliveIntervalMs: KEEP_ALIVE_MS,
  });
  return new Promise((resolve, reject) => {
    sock.ev.on('connection.update', ({ connection, lastDisconnect }) => {
      if (connection === 'close') reject(lastDisconnect?.error ?? new Error('closed'));
      if (connection === 'open') resolve(sock);
    });
  });
}

function memoryKeys(keys: Identity['keys']): SignalKeyStore {
  const values = new Map(keys.map(([type, id, value]) => [`${type} ${id}`, value]));
  return {
    get: (type, ids) => {
      const found = ids.map(id => [id, values.get(`${type} ${id}`)] as const);
      return Object.fromEntries(found.flatMap(([id, value]) => (value ? [[id, JSON.parse(value)]] : [])));
    },
    set(data) {
      for (const [type, entries] of Object.entries(data))
        for (const [id, value] of Object.entries(entries)) values.set(`${type} ${id}`, JSON.stringify(value));
    },
  };
}
