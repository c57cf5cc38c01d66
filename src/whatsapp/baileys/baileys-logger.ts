import type { SocketConfig } from '@whiskeysockets/baileys';

type Logger = SocketConfig['logger'];

const none = () => undefined;
/** Keeps to itself whatever Baileys says. */
export const SILENT: Logger = {
  level: 'silent',
  child: () => SILENT,
  trace: none,
  debug: none,
  info: none,
  warn: none,
  error: none,
};

/**
 * A logger that prints nothing, for Baileys logs phone numbers and whole stanzas. At level `trace` Baileys shows it
 * every stanza on its way out, and a handshake before it is processed, each within the same synchronous run.
 */
export const baileysLogger = (seen: { stanza: (xml: string) => void; handshake: () => void }): Logger => ({
  ...SILENT,
  level: 'trace',
  trace(entry) {
    if (typeof entry !== 'object' || entry === null) return;
    if ('handshake' in entry) seen.handshake();
    if ('xml' in entry && 'msg' in entry && entry.msg === 'xml send') seen.stanza(String(entry.xml));
  },
});
