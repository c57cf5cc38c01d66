import type { Compilable } from 'kysely';
import type { Atomically, UnlessTaken } from '../tables/changes.js';
import type { HistoryGrowth } from '../tables/history-growth.js';
import type { Mark } from './commit-marks.js';
import type { Connection, Connections } from './connections.js';
import type { Fences } from './shared/fences.js';

/**
 * Transactions of several queries. Where the answer to a commit is lost, the database is asked what became of it until
 * it tells: what was written is told as written, and what is told as failed was not.
 *
 * @param fences Of a node among several.
 */
export function transactions(
  { connect }: Pick<Connections, 'connect'>,
  newMark: () => Promise<Mark>,
  growth: Pick<HistoryGrowth, 'committed'>,
  fences?: Pick<Fences, 'around'>,
): { readonly atomically: Atomically; readonly unlessTaken: UnlessTaken } {
  async function transaction<T>(
    work: (run: (query: Compilable) => Promise<number>) => Promise<T>,
    about: readonly string[],
  ): Promise<T> {
    const fenced = [...new Set(about)];
    const fence = fenced.length > 0 ? fences?.around(fenced) : undefined;
    const mark = await newMark();
    const connection = await connect();
    const run = async (query: Compilable) => {
      const { sql, parameters } = query.compile();
      const { rowCount } = await connection.query(sql, parameters);
      return rowCount ?? 0;
    };
    try {
      const told = await connection.script(
        ['begin', mark.writing, ...(fence ? [fence.query] : [])].join('; '),
      );
      fence?.check(told[2] ?? []);
      const result = await work(run);
      await commit(connection, mark);
      return result;
    } catch (error) {
      if (!connection.isLost()) await connection.script('rollback').catch(() => undefined);
      throw error;
    } finally {
      // Else the server may not know yet that the transaction has ended, and keep its row locked.
      if (!connection.isLost()) mark.free();
      connection.release();
    }
  }

  return {
    async atomically(queries, about = []) {
      if (queries.length === 0) return;
      await transaction(async run => {
        for (const query of queries) await run(query);
      }, about);
      growth.committed(queries);
    },

    async unlessTaken(each, then, about = []) {
      const ran: Compilable[] = [];
      const wrote = await transaction(async run => {
        async function runAll(queries: readonly Compilable[]) {
          for (const query of queries) await run(query);
          ran.push(...queries);
        }
        const isDone: boolean[] = [];
        for (const { first, others } of each) {
          const isFirst = (await run(first)) > 0;
          isDone.push(isFirst);
          if (isFirst) await runAll(others);
        }
        await runAll(then(isDone));
        return isDone;
      }, about);
      growth.committed(ran);
      return wrote;
    },
  };
}

async function commit(connection: Connection, mark: Mark): Promise<void> {
  try {
    await connection.script('commit');
  } catch (cause) {
    if (!connection.isLost() || !(await mark.isThere())) throw cause;
  }
}
