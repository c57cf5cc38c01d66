import { type Kysely, sql } from 'kysely';
import type { HopLog } from '../../../cluster/ports.js';
import { instanceMoved } from '../../../domain/errors.js';
import type { UnlessTaken } from '../../tables/changes.js';
import type { Schema } from '../../tables/schema.js';
import { NOW } from './database-time.js';

/** Nobody asks after a call that ended an hour ago: none lasts so long. */
const KEPT_MS = 3_600_000;

/** The calls that were passed on: a row is of who came first, the call that begins or who forbids that. */
export function hopLog(db: Kysely<Schema>, unlessTaken: UnlessTaken): HopLog {
  const insert = (hop: { readonly id: string; readonly instance: string; readonly epoch: number }) =>
    db
      .insertInto('hop')
      .values({ ...hop, time: NOW })
      .onConflict(conflict => conflict.column('id').doNothing());

  return {
    async begin(hop) {
      const { instance } = hop;
      const [isFirst] = await unlessTaken([{ first: insert(hop), others: [] }], () => [], [instance]);
      if (!isFirst) throw instanceMoved(instance);
    },

    async forbid(id) {
      const { numInsertedOrUpdatedRows } = await insert({ id, instance: '', epoch: 0 }).executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
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
  };
}
