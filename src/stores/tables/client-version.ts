import type { Kysely } from 'kysely';
import type { VersionRecord, VersionStore } from '../../instances/ports/client-version.js';
import { fromDate, toDate } from './columns.js';
import type { Schema } from './schema.js';

/** The one row about versions; what is missing in it is not known. */
export function versionStore(db: Kysely<Schema>): VersionStore {
  return {
    async load() {
      const row = await db.selectFrom('client_version').selectAll().executeTakeFirst();
      return {
        fetched: dated(row?.fetched_revision, row?.fetch_time),
        lookTime: toDate(row?.look_time ?? null),
        expiration: dated(row?.expiring_revision, row?.expire_time),
      };
    },

    async save({ fetched, lookTime, expiration }: VersionRecord) {
      const columns = {
        fetched_revision: fetched?.revision ?? null,
        fetch_time: fromDate(fetched?.time),
        look_time: fromDate(lookTime),
        expiring_revision: expiration?.revision ?? null,
        expire_time: fromDate(expiration?.time),
      };
      await db
        .insertInto('client_version')
        .values({ id: 1, ...columns })
        .onConflict(conflict => conflict.column('id').doUpdateSet(columns))
        .execute();
    },
  };
}

const dated = (revision: number | null | undefined, time: number | null | undefined) =>
  typeof revision === 'number' && typeof time === 'number' ? { revision, time: new Date(time) } : undefined;
