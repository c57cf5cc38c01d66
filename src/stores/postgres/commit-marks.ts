import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Connections } from './connections.js';
import { unavailable } from './failures.js';

/** What a transaction writes of itself, so that it can be asked for whether it was committed. */
export type Mark = {
  /** The statement that writes it, first in the transaction. */
  readonly writing: string;
  /** Whether the transaction was committed. Waits while its end is open, and until the database can be asked. */
  isThere(): Promise<boolean>;
  /** The transaction has ended, and that is known. */
  free(): void;
};

/** How long to wait before the database is asked again. */
const ASK_AGAIN_MS = 200;

/**
 * One row for each transaction at a time; an update of it goes the way of its transaction, and locks it until the end is
 * decided. (The numbers that PostgreSQL itself gives to transactions tell nothing once a server was killed: it gives those
 * that it had not written down yet to others.) For the one process that has the database, which asks no longer once
 * `ended`.
 */
export async function commitMarks({ connect }: Pick<Connections, 'connect'>, ended: AbortSignal) {
  await run('create table if not exists commit_mark (place integer primary key, mark text not null)');
  await run('delete from commit_mark');
  const free: number[] = [];
  let places = 0;

  async function run(sql: string): Promise<readonly Record<string, unknown>[]> {
    const connection = await connect();
    try {
      return (await connection.script(sql))[0] ?? [];
    } finally {
      connection.release();
    }
  }

  async function newPlace(): Promise<number> {
    const place = places++;
    await run(`insert into commit_mark (place, mark) values (${place}, '')`);
    return place;
  }

  return async (): Promise<Mark> => {
    const place = free.pop() ?? (await newPlace());
    const mark = randomUUID();
    return {
      writing: `update commit_mark set mark = '${mark}' where place = ${place}`,
      async isThere() {
        for (;;) {
          try {
            const [row] = await run(`select mark from commit_mark where place = ${place} for share`);
            return row?.['mark'] === mark;
          } catch (cause) {
            if (ended.aborted) throw unavailable(cause);
            await setTimeout(ASK_AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
          }
        }
      },
      free: () => void free.push(place),
    };
  };
}
