import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { unavailable } from './failures.js';
import { sessionOptions } from './session-options.js';

/** The database for this process alone. */
export type Hold = {
  /** Throws STORE_UNAVAILABLE while it is not certain that nobody else has the database. */
  check(): void;
  /** From here on the database counts as used by others once its epoch is another. */
  since(epoch: number): void;
  release(): Promise<void>;
};

/** Of the advisory lock; its second half is the schema. */
const LOCK = 0x77617072;
/** A process that was killed may still have it for a moment. */
const PATIENCE_MS = 3_000;
const TRY_AGAIN_MS = 250;
/** How often the connection that has the lock is tried. */
const BEAT_MS = 3_000;
const STATEMENT_MS = 3_000;
/** The server gives the lock of a process away that is not heard of for 25 s; by then that one knows. */
const KEEP_ALIVES =
  'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3';

const TRY_LOCK = { alone: 'pg_try_advisory_lock', with_nodes: 'pg_try_advisory_lock_shared' } as const;

type Held = { readonly client: pg.Client; readonly pid: number; readonly started: string };

/** For one process, or for several that know of each other. */
export type Sharing = 'alone' | 'with_nodes';

/**
 * Takes the database for this process alone, or with nodes that share it; throws when another has it otherwise. The lock
 * goes with its connection: once that is lost it is taken again, unless another process has used the database alone
 * meanwhile, for then what this one knows is old.
 *
 * @param onLoss Hears why the connection is lost, and of a database that another has taken.
 */
export async function holdDatabase(
  url: string,
  onLoss: (cause: unknown) => void,
  sharing: Sharing = 'alone',
): Promise<Hold> {
  const ending = new AbortController();
  const pause = (ms: number) => setTimeout(ms, undefined, { signal: ending.signal }).catch(() => undefined);
  let epoch: number | undefined;
  let isTaken = true;
  let held = await takeSoon();

  async function takeSoon(): Promise<Held> {
    for (let waited = 0; waited <= PATIENCE_MS; waited += TRY_AGAIN_MS) {
      const taken = await take(url, sharing);
      if (taken) return taken;
      await pause(TRY_AGAIN_MS);
    }
    throw new Error(
      sharing === 'alone'
        ? 'Another wa-privacy uses this database'
        : 'A wa-privacy that is no node among others uses this database',
    );
  }

  /** Until the connection is lost. */
  async function beat(): Promise<void> {
    const lost = new AbortController();
    held.client.once('end', () => lost.abort());
    const signal = AbortSignal.any([lost.signal, ending.signal]);
    try {
      for (;;) {
        await setTimeout(BEAT_MS, undefined, { signal });
        await held.client.query('select 1');
      }
    } catch (cause) {
      if (!ending.signal.aborted) onLoss(lost.signal.aborted ? new Error('The connection has ended') : cause);
    }
  }

  async function takeAgain(): Promise<void> {
    while (!ending.signal.aborted) {
      const taken = await take(url, sharing, held).catch(() => undefined);
      if (taken) {
        const found = await epochOf(taken.client).catch(() => undefined); // Lost again where it cannot be asked.
        isTaken = epoch === undefined || found === epoch;
        if (isTaken) {
          held = taken;
          return;
        }
        void taken.client.end().catch(() => undefined);
        if (found !== undefined) {
          onLoss(new Error('Another wa-privacy has used this database meanwhile: start this one again'));
          return ending.abort();
        }
      }
      await pause(TRY_AGAIN_MS);
    }
  }

  async function keep(): Promise<void> {
    while (!ending.signal.aborted) {
      await beat();
      isTaken = false;
      const ended = held.client.end().catch(() => undefined); // Where the network is gone that takes long.
      if (ending.signal.aborted) await ended;
      await takeAgain();
    }
  }
  const keeping = keep();

  return {
    check() {
      if (!isTaken) throw unavailable(new Error('The lock of the database is lost'));
    },
    since(started) {
      epoch = started;
    },
    async release() {
      ending.abort();
      await keeping;
    },
  };
}

/** Undefined when another has it. Of `before`, a session of this process, the server may not know yet that it is lost. */
async function take(url: string, sharing: Sharing, before?: Held): Promise<Held | undefined> {
  const client = new pg.Client(sessionOptions({ url, statementMs: STATEMENT_MS }));
  client.on('error', () => undefined); // It ends with that, which is listened for.
  try {
    await client.connect();
    await client.query(KEEP_ALIVES);
    if (before)
      await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start::text = $2',
        [before.pid, before.started],
      );
    const { rows } = await client.query<{ taken: boolean; pid: number; started: string }>(
      `select ${TRY_LOCK[sharing]}($1, hashtext(current_schema())) as taken, pid, backend_start::text as started
         from pg_stat_activity where pid = pg_backend_pid()`,
      [LOCK],
    );
    const [session] = rows;
    if (session?.taken) return { client, pid: session.pid, started: session.started };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  await client.end();
  return undefined;
}

async function epochOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ epoch: number }>('select epoch from store_key');
  return rows[0]?.epoch;
}
