// The process that the service is held against: light Baileys sockets with a true signature check, and nothing around.
import { readFileSync } from 'node:fs';
import makeWASocket, {
  Curve,
  type SignalKeyStore,
  type SocketConfig,
  WA_CERT_DETAILS,
} from '@whiskeysockets/baileys';
import PQueue from 'p-queue';
import { decodeCredentials } from '../src/whatsapp/auth-state.js';
import { BROWSER, LIGHT_OPTIONS } from '../src/whatsapp/light-socket.js';
import { isSignedBy } from '../src/whatsapp/signature-check.js';
import type { Identity } from './seed.js';

const SIMULTANEOUS = 16;
const KEEP_ALIVE_MS = 20_000;
const [url = '', rootKey = '', file = ''] = process.argv.slice(2);

Curve.verify = isSignedBy;
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootKey, 'hex');

const none = () => undefined;
const SILENT: SocketConfig['logger'] = {
  level: 'silent',
  child: () => SILENT,
  trace: none,
  debug: none,
  info: none,
  warn: none,
  error: none,
};

/** Resolves when the login is accepted; a socket that ends is a mistake of the bench. */
function dial({ credentials, keys }: Identity): Promise<void> {
  const creds = decodeCredentials(Buffer.from(credentials));
  const sock = makeWASocket({
    ...LIGHT_OPTIONS,
    waWebSocketUrl: url,
    auth: { creds, keys: memoryKeys(keys) },
    logger: SILENT,
    browser: BROWSER,
    keepAliveIntervalMs: KEEP_ALIVE_MS,
  });
  return new Promise(resolve => {
    sock.ev.on('connection.update', ({ connection, lastDisconnect }) => {
      if (connection === 'close') throw lastDisconnect?.error ?? new Error('closed');
      if (connection !== 'open') return;
      process.stdout.write('open\n');
      resolve();
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

const identities: Identity[] = JSON.parse(readFileSync(file, 'utf8'));
const queue = new PQueue({ concurrency: SIMULTANEOUS });
await queue.addAll(identities.splice(0).map(identity => () => dial(identity)));
// With none to dial the process stays all the same.
setInterval(none, 2 ** 31 - 1);
