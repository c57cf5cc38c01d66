// A process of its own with Baileys unchanged, which links a device and keeps it in a multi-file auth folder: what
// src/whatsapp makes of Baileys holds in the whole process that loads it.
import { randomBytes } from 'node:crypto';
import { makeWASocket, useMultiFileAuthState, WA_CERT_DETAILS } from '@whiskeysockets/baileys';

const [url, rootKey, folder] = process.argv.slice(2);
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootKey, 'hex');
const none = () => undefined;
const logger = {
  level: 'silent',
  child: () => logger,
  trace: none,
  debug: none,
  info: none,
  warn: none,
  error: none,
};
const { state, saveCreds } = await useMultiFileAuthState(folder);

function dial() {
  const sock = makeWASocket({ waWebSocketUrl: url, logger, auth: state });
  sock.ev.on('creds.update', () => void saveCreds());
  let shown = '';
  sock.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
    if (qr !== undefined) {
      shown = qr;
      process.send({ qr });
    }
    if (connection === 'open') process.send({ opened: true });
    if (connection === 'close') {
      const code = lastDisconnect?.error?.output?.statusCode;
      if (code === 515) dial();
      else process.send({ closed: code });
    }
  });
  // What rc14 does not do: another secret once WhatsApp retired the one that was shown.
  sock.ws.on('CB:notification,type:companion_reg_refresh', ({ attrs: { id, from, type } }) => {
    state.creds.advSecretKey = randomBytes(32).toString('base64');
    const fields = shown.split(',');
    fields[3] = state.creds.advSecretKey;
    const ack = { tag: 'ack', attrs: { id, to: from, class: 'notification', type } };
    void sock.sendNode(ack).then(() => process.send({ qr: fields.join(',') }));
  });
}

process.on('message', message => {
  if (message === 'dial') dial();
  if (message === 'leave') void saveCreds().then(() => process.exit());
});
process.on('disconnect', () => process.exit());
dial();
