import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { News, Newsroom } from '../../../cluster/ports.js';
import { sessionOptions } from '../session-options.js';

/** A newsroom that has news of its own to tell. */
export type Newsdesk = Newsroom & {
  /** Tells those who listen, here at once and in other processes in a moment. */
  tell(news: News): void;
  close(): Promise<void>;
};

/** What comes within this time is told together. */
const TOGETHER_MS = 5;
const TRY_AGAIN_MS = 500;
/** How often the connection is tried. */
const BEAT_MS = 3_000;
const STATEMENT_MS = 3_000;
/** PostgreSQL takes 8,000 bytes less one. */
const MOST_BYTES = 7_000;

/**
 * News by LISTEN and NOTIFY, over a connection of its own. They leave behind the commits that they tell of: within them
 * they would put all commits of the database in a row. What is told while the connection is lost others do not hear; when
 * it is back those who listen here are told to look at everything.
 *
 * @param url Must lead past poolers that give a session to others after each transaction.
 * @param me Names this process.
 */
export async function newsroom(url: string, me: string, onLoss: (cause: unknown) => void): Promise<Newsdesk> {
  const listeners = new Set<(news: News) => void>();
  const ending = new AbortController();
  const pause = (ms: number) => setTimeout(ms, undefined, { signal: ending.signal }).catch(() => undefined);
  /** By what they say: the same twice is said once. */
  let untold = new Map<string, News>();
  let line = await open();

  async function open() {
    const client = new pg.Client(sessionOptions({ url, statementMs: STATEMENT_MS }));
    const lost = new AbortController();
    client.on('error', () => undefined); // It ends with that.
    client.once('end', () => lost.abort());
    client.on('notification', ({ payload = '' }) => hear(payload));
    try {
      await client.connect();
      const { rows } = await client.query<{ channel: string }>(
        `select left('wa_privacy_' || current_schema(), 63) as channel`,
      );
      const channel = rows[0]?.channel ?? '';
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      return { client, channel, lost: lost.signal };
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  function hear(payload: string) {
    const { from, news } = JSON.parse(payload) as { from: string; news: readonly News[] };
    if (from !== me) for (const each of news) pass(each);
  }

  function pass(news: News) {
    for (const listener of listeners) listener(news);
  }

  async function flush(): Promise<void> {
    const news = [...untold.values()];
    untold = new Map();
    for (const payload of payloadsOf(me, news))
      await line.client.query('select pg_notify($1, $2)', [line.channel, payload]);
  }

  let isFlushing = false;
  async function flushSoon() {
    if (isFlushing) return;
    isFlushing = true;
    try {
      while (untold.size > 0) {
        await setTimeout(TOGETHER_MS);
        await flush();
      }
    } catch (cause) {
      onLoss(cause); // They are missed by the others, who look by themselves now and then.
    } finally {
      isFlushing = false;
    }
  }

  /** Until the connection is lost. */
  async function beat(): Promise<void> {
    const signal = AbortSignal.any([line.lost, ending.signal]);
    try {
      for (;;) {
        await setTimeout(BEAT_MS, undefined, { signal });
        await line.client.query('select 1');
      }
    } catch (cause) {
      if (!ending.signal.aborted) onLoss(line.lost.aborted ? new Error('The connection has ended') : cause);
    }
  }

  async function keep(): Promise<void> {
    for (;;) {
      await beat();
      const closed = line.client.end().catch(() => undefined); // Where the network is gone that takes long.
      if (ending.signal.aborted) {
        await Promise.race([closed, setTimeout(STATEMENT_MS)]);
        return;
      }
      for (let next: typeof line | undefined; !next && !ending.signal.aborted; ) {
        next = await open().catch(() => undefined);
        if (next) line = next;
        else await pause(TRY_AGAIN_MS);
      }
      pass({ about: 'anything' });
    }
  }
  const keeping = keep();

  return {
    onNews(listener) {
      const own = (news: News) => listener(news);
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    tell(news) {
      pass(news);
      untold.set(JSON.stringify(news), news);
      void flushSoon();
    },
    async close() {
      ending.abort();
      await keeping;
    },
  };
}

/** As few as hold them all. */
function payloadsOf(from: string, news: readonly News[]): string[] {
  if (news.length === 0) return [];
  const payload = JSON.stringify({ from, news });
  if (Buffer.byteLength(payload) <= MOST_BYTES) return [payload];
  const half = Math.ceil(news.length / 2);
  return [...payloadsOf(from, news.slice(0, half)), ...payloadsOf(from, news.slice(half))];
}
