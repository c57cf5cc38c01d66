import type { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';

/** A listener for stanzas. Baileys' own are asynchronous, and nobody waits for them. */
export type Listener = (node: BinaryNode) => unknown;

type AnyListener = (...values: unknown[]) => unknown;

/** Catches what a listener throws or rejects with, which would otherwise be an unhandled rejection. */
export const contained =
  <Values extends unknown[]>(listener: (...values: Values) => unknown, onFault: (error: unknown) => void) =>
  (...values: Values): void => {
    const handle = async () => listener(...values);
    handle().catch(onFault);
  };

/** Contains all of Baileys' listeners for frames and stanzas. */
export function containBaileys(ws: EventEmitter, onFault: (event: string, error: unknown) => void): void {
  const events = ws.eventNames().filter(event => event === 'message' || String(event).startsWith('CB:'));
  for (const event of events.map(String)) {
    for (const listener of takeListeners(ws, event)) {
      ws.on(
        event,
        contained(listener, error => onFault(event, error)),
      );
    }
  }
}

/** Removes the listeners of an event and gives them. */
export function takeListeners(ws: EventEmitter, event: string): AnyListener[] {
  const listeners = ws.listeners(event) as AnyListener[]; // Node types them as `Function`.
  ws.removeAllListeners(event);
  return listeners;
}
