import { setTimeout } from 'node:timers/promises';
import type { TaskStore } from './shared.js';

const TRY_AGAIN_MS = 100;

/** Does something that only one node at a time may do, when it is its turn. Rejects when the signal aborts before. */
export async function exclusively<T>(
  tasks: TaskStore,
  name: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    if (await tasks.begin(name)) break;
    await setTimeout(TRY_AGAIN_MS, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    await tasks.end(name, 0);
  }
}
