import type { Compilable } from 'kysely';
import type { Atomically, UnlessTaken } from '../tables/changes.js';
import type { HistoryGrowth } from '../tables/history-growth.js';
import type { Database } from './thread/database.js';
import type { Step } from './thread/protocol.js';

/** A query as a step of a transaction. */
export function stepOf(query: Compilable, expected?: boolean): Step {
  const { sql, parameters } = query.compile();
  return expected === undefined ? { sql, parameters } : { sql, parameters, expected };
}

/** Transactions of several queries. */
export function transactions(
  { transact }: Database,
  growth: Pick<HistoryGrowth, 'committed'>,
): { readonly atomically: Atomically; readonly unlessTaken: UnlessTaken } {
  return {
    async atomically(queries) {
      if (queries.length === 0) return;
      await transact(queries.map(query => stepOf(query)));
      growth.committed(queries);
    },

    /**
     * A transaction is handed to the thread whole, so that what comes of it is made beforehand, for what is expected to be
     * written; where that was wrong it was taken back, and is made anew for what would be.
     */
    async unlessTaken(each, then) {
      for (let guess = each.map(() => true); ; ) {
        const others = each.flatMap((one, index) => (guess[index] ? one.others : []));
        const queries = [...others, ...then(guess)];
        const { held, wrote } = await transact([
          ...each.map(({ first }, index) => stepOf(first, guess[index])),
          ...queries.map(query => stepOf(query)),
        ]);
        if (held) {
          growth.committed(queries);
          return wrote;
        }
        guess = [...wrote];
      }
    },
  };
}
