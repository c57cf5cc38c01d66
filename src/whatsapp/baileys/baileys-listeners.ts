import type { EventEmitter } from 'node:events';
import { withoutStacks } from './without-stacks.js';

type AnyListener = (...values: unknown[]) => unknown;

/**
 * Catches what listeners for frames and stanzas throw or reject with, which would otherwise be an unhandled rejection.
 * One function for all of a socket's some forty listeners, where one around each would be a tenth of its memory.
 */
export function containListeners(ws: EventEmitter, onFault: (event: string, error: unknown) => void): void {
  const emit = ws.emit.bind(ws);
  const isContained = (event: string) => event === 'message' || event.startsWith('CB:');
  ws.emit = (event: string, ...values: unknown[]) => {
    if (event === 'open') return withoutStacks(() => emit(event, ...values)); // Begins the handshake.
    if (!isContained(event)) return emit(event, ...values);
    const listeners = ws.rawListeners(event) as AnyListener[]; // Node types them as `Function`.
    for (const listener of listeners) {
      const handle = async () =>
        event === 'message' ? withoutStacks(() => listener(...values)) : listener(...values);
      handle().catch((error: unknown) => onFault(event, error));
    }
    return listeners.length > 0;
  };
}
