import type { EventEmitter } from 'node:events';
import { type Inbox, inbox } from './inbox.js';
import { withoutStacks } from './without-stacks.js';

type AnyListener = (...values: unknown[]) => unknown;

/** What goes wrong in a listener. */
export type ListenerFaults = {
  /** A frame could not be decrypted or made a stanza of. */
  readonly onUnreadable: (cause: unknown, bytes: number) => void;
  readonly onFault: (event: string, cause: unknown) => void;
};

/**
 * Catches what listeners for frames and stanzas throw or reject with, which would otherwise be an unhandled rejection,
 * and lets them see the frames, and the end, in the order of arrival. One function for all of a socket's some forty
 * listeners, where one around each would be a tenth of its memory.
 */
export function containListeners(ws: EventEmitter, { onUnreadable, onFault }: ListenerFaults): Inbox {
  const emit = ws.emit.bind(ws);
  const frames = inbox(frame => {
    const [listener] = ws.rawListeners('message') as AnyListener[]; // Baileys has one, until it has ended.
    return listener?.(frame);
  }, onUnreadable);

  ws.emit = (event: string, ...values: unknown[]) => {
    switch (event) {
      case 'open': // Begins the handshake.
        return withoutStacks(() => emit(event, ...values));
      case 'message':
        frames.push(values[0] as Buffer); // As `ws` gives them unless told otherwise.
        return true;
      case 'close':
        frames.after(() => void emit(event, ...values));
        return true;
    }
    if (!event.startsWith('CB:')) return emit(event, ...values);
    const listeners = ws.rawListeners(event) as AnyListener[]; // Node types them as `Function`.
    for (const listener of listeners) {
      const handle = async () => listener(...values);
      handle().catch((error: unknown) => onFault(event, error));
    }
    return listeners.length > 0;
  };
  return frames;
}
