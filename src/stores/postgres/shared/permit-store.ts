import { type Kysely, sql } from 'kysely';
import type { PermitStore } from '../../../cluster/ports.js';
import type { Schema } from '../../tables/schema.js';

/** The calls that the nodes let through, counted together. */
export const permitStore = (db: Kysely<Schema>): PermitStore => ({
  async take(key, windowStart, windowMs, wanted, limit) {
    const [start, end] = [windowStart.getTime(), windowStart.getTime() + windowMs];
    await db
      .insertInto('permit')
      .values({ key, window_start: start, window_end: end, used: 0 })
      .onConflict(conflict => conflict.columns(['key', 'window_start']).doNothing())
      .execute();
    const { rows } = await sql<{ taken: number }>`
      with before as (
        select used from permit where key = ${key} and window_start = ${start} for update
      )
      update permit set used = least(before.used + ${wanted}::int, greatest(${limit}::int, before.used))
        from before where key = ${key} and window_start = ${start}
        returning permit.used - before.used as taken`.execute(db);
    return rows[0]?.taken ?? 0;
  },

  async prune(now, limit) {
    const { numDeletedRows } = await db
      .deleteFrom('permit')
      .where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('key', 'window_start'),
          'in',
          selectFrom('permit')
            .select(['key', 'window_start'])
            .where('window_end', '<', now.getTime())
            .limit(limit)
            .$asTuple('key', 'window_start'),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  },
});
