import type { OfflineQueue } from '../../../src/instances/ports/ports.js';

/** Of a session that has had all that WhatsApp kept for it. */
export const DRAINED: OfflineQueue = { state: 'DRAINED', trustMs: () => Infinity, onChange: () => undefined };
