import { type Kysely, sql } from 'kysely';
import type { HopLog } from '../../../cluster/ports.js';
import type { Atomically } from '../../tables/changes.js';
import type { Schema } from '../../tables/schema.js';

/** Nobody asks after a call that ended an hour ago: none lasts so long. */
const KEPT_MS = 3_600_000;

const NOW = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** The calls that were passed on. */
export const hopLog = (db: Kysely<Schema>, atomically: Atomically): HopLog => ({
  begin: ({ id, instance, epoch }) =>
    atomically([db.insertInto('hop').values({ id, instance, epoch, time: NOW })], [instance]),

  async hasBegun(id) {
    return (await db.selectFrom('hop').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
  },

  async prune(limit) {
    const { numDeletedRows } = await db
      .deleteFrom('hop')
      .where('id', 'in', ({ selectFrom }) =>
        selectFrom('hop')
          .select('id')
          .where('time', '<', sql<number>`${NOW} - ${KEPT_MS}::bigint`)
          .orderBy('time')
          .limit(limit),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  },
});
