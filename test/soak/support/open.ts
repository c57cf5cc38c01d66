import { EventEmitter } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { WebSocket } from 'ws';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What this process has open: resources that keep it alive, its own listeners, and files where the system tells them. */
export function open(): Record<string, number> {
  const listeners = process.eventNames().map(name => process.listenerCount(name));
  const counts: Record<string, number> = { listeners: listeners.reduce((sum, count) => sum + count, 0) };
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  if (existsSync('/proc/self/fd')) counts['files'] = readdirSync('/proc/self/fd').length;
  return counts;
}

type Kind = new (...args: never[]) => unknown;

/** How many there are, after a collection, of what connections are made of. */
export function parts(): Record<string, number> {
  collect();
  // Also collects, but its type knows only what can be made without arguments.
  const count = (kind: unknown) => queryObjects(kind as new () => unknown, { format: 'count' });
  const kinds: Kind[] = [WebSocket, Socket, EventEmitter, AbortSignal as unknown as Kind];
  return Object.fromEntries(kinds.map(kind => [kind.name, count(kind) as unknown as number]));
}

/** Bytes of heap in use after a collection. */
export function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Longer than the 30 s for which Baileys keeps a timer behind each upload of keys, the first of which follows linking. */
const SETTLED_WITHIN_MS = 120_000;

/** Waits until there is no more of anything than there was; `expect.poll` has timers of its own, which would count. */
export async function settled(
  read: () => Record<string, number>,
  before: Record<string, number>,
): Promise<void> {
  const until = Date.now() + SETTLED_WITHIN_MS;
  const more = () => Object.entries(read()).filter(([name, count]) => count > (before[name] ?? 0));
  while (more().length > 0 && Date.now() < until) await wait(500);
  expect(more()).toEqual([]);
}
