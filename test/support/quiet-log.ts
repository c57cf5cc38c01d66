import type { WhatsAppLog } from '../../src/whatsapp/index.js';

/** Takes note of nothing that the connection to WhatsApp tells. */
export const QUIET_LOG: WhatsAppLog = {
  stanzaRefused: () => undefined,
  frameDropped: () => undefined,
  stanzaOwed: () => undefined,
  queueStalled: () => undefined,
  taskFailed: () => undefined,
};
