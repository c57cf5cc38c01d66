import { setTimeout } from 'node:timers/promises';
import type { Tokens } from './access/tokens.js';
import { wallMs, wallTime } from './domain/time/wall-time.js';
import type { Events } from './observability/events.js';
import type { Store } from './stores/store.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A statement keeps other writes waiting while it runs: at most so many rows in one, and then they have their turn. */
const BATCH = 50;
const PAUSE_MS = 50;

/** What is done now and then, whoever calls. */
export type Housekeeping = {
  /** Ends when nothing of it uses the store any more. */
  stop(): Promise<void>;
};

/**
 * Writes down when tokens were used, and forgets what has had its time: tokens, answers, the history; of several nodes
 * one forgets at a time.
 */
export function startHousekeeping(parts: {
  readonly tokens: Tokens;
  readonly store: Store;
  /** How long entries stay in the history; undefined: for ever. */
  readonly historyMs: number | undefined;
  readonly events: Pick<Events, 'taskFailed'>;
}): Housekeeping {
  const { tokens, store, historyMs, events } = parts;
  const ending = new AbortController();
  const { signal } = ending;

  /** Now, and again so long after each end. */
  async function every(ms: number, chore: () => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      await chore().catch((cause: unknown) => events.taskFailed({ task: 'housekeeping', cause }));
      await setTimeout(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Done by one node for all. Its timer may be a little faster than the clock of the database. */
  async function once(name: string, everyMs: number, chore: () => Promise<void>): Promise<void> {
    const { shared } = store;
    if (!shared) return chore();
    if (!(await shared.tasks.begin(name))) return;
    try {
      await chore();
    } finally {
      await shared.tasks.end(name, signal.aborted ? 0 : everyMs * 0.9);
    }
  }

  async function inBatches(prune: (limit: number) => Promise<number>, batch = BATCH): Promise<void> {
    while (!signal.aborted && (await prune(batch)) === batch) await setTimeout(PAUSE_MS);
  }

  async function prune(): Promise<void> {
    await tokens.prune();
    await inBatches(limit => store.requests.prune(wallTime(), limit));
    await inBatches(limit => store.applies.prune(wallTime(), limit), 1); // One has up to 1000 rows.
    const { shared } = store;
    if (!shared) return;
    await inBatches(limit => shared.hops.prune(limit));
    await inBatches(limit => shared.permits.prune(limit));
  }

  const chores = [
    every(MINUTE_MS, async () => {
      await tokens.flush();
      await once('prune', MINUTE_MS, prune);
    }),
    every(HOUR_MS, async () => {
      if (historyMs === undefined) return;
      const before = new Date(Math.max(wallMs() - historyMs, 0));
      await once('prune history', HOUR_MS, () => inBatches(limit => store.changes.prune(before, limit)));
    }),
  ];

  return {
    async stop() {
      ending.abort();
      await Promise.all(chores);
    },
  };
}
