import { type Kysely, sql } from 'kysely';
import type { PermitStore, Permits } from '../../../domain/nodes/shared.js';
import type { Schema } from '../../tables/schema.js';
import { NOW } from './database-time.js';

/** The same throughout a statement. */
const ASKED = sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`;
/** Nobody asks for one that has passed but whose question was on the way. */
const KEPT_MS = 60_000;

/** What the nodes did, counted together. */
export const permitStore = (db: Kysely<Schema>): PermitStore => ({
  async take(key, windowMs, wanted, limit) {
    const start = sql<number>`${ASKED} / ${windowMs}::bigint * ${windowMs}::bigint`;
    for (;;) {
      const { rows } = await sql<Permits>`
        with before as (
          select window_start, used from permit where key = ${key} and window_start = ${start} for update
        )
        update permit set used = least(before.used + ${wanted}::int, greatest(${limit}::int, before.used))
          from before where key = ${key} and permit.window_start = before.window_start
          returning permit.used - before.used as taken, greatest(${limit}::int - permit.used, 0) as left,
            permit.window_start as window, greatest(permit.window_end - ${NOW}, 0) as "endsInMs"`.execute(db);
      const [permits] = rows;
      if (permits) return permits;
      await db
        .insertInto('permit')
        .values({ key, window_start: start, window_end: sql`${start} + ${windowMs}::bigint`, used: 0 })
        .onConflict(conflict => conflict.doNothing())
        .execute();
    }
  },

  async giveBack(key, window, count) {
    await db
      .updateTable('permit')
      .set({ used: sql<number>`greatest(used - ${count}::int, 0)` })
      .where('key', '=', key)
      .where('window_start', '=', window)
      .execute();
  },

  async prune(limit) {
    const { numDeletedRows } = await db
      .deleteFrom('permit')
      .where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('key', 'window_start'),
          'in',
          selectFrom('permit')
            .select(['key', 'window_start'])
            .where('window_end', '<', sql<number>`${NOW} - ${KEPT_MS}::bigint`)
            .limit(limit)
            .$asTuple('key', 'window_start'),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  },
});
