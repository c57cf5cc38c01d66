import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
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
 * that it had not written down yet to others.) Asks no longer once `ended`.
 *
 * @param owner Tells the rows of this process from those of others; those of one that comes to no end stay for a day.
 */
export async function commitMarks(
  { connect }: Pick<Connections, 'connect'>,
  owner: string,
  ended: AbortSignal,
) {
  const mine = pg.escapeLiteral(owner);
  // In one transaction, and one after another: of processes that start at once each would make it, and fail.
  await run(`select pg_advisory_xact_lock(hashtext('transaction_mark'));
    create table if not exists transaction_mark (owner text not null, place integer not null,
    mark text not null, since timestamptz not null default now(), primary key (owner, place))`);
  await run(`delete from transaction_mark where owner = ${mine} or since < now() - interval '1 day'`);
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
    await run(`insert into transaction_mark (owner, place, mark) values (${mine}, ${place}, '')`);
    return place;
  }

  return async (): Promise<Mark> => {
    const place = free.pop() ?? (await newPlace());
    const mark = randomUUID();
    return {
      writing: `insert into transaction_mark (owner, place, mark) values (${mine}, ${place}, '${mark}')
        on conflict (owner, place) do update set mark = excluded.mark, since = now()`,
      async isThere() {
        for (;;) {
          try {
            const [row] = await run(
              `select mark from transaction_mark where owner = ${mine} and place = ${place} for share`,
            );
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
