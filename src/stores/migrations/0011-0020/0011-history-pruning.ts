// 0.1: old entries of the history are found by their time, and no sequence is given twice when they are gone.
import { type Kysely, sql } from 'kysely';

type Tables = { instance: { change_count: number } };

export async function up(db: Kysely<Tables>): Promise<void> {
  await db.schema.createIndex('privacy_change_time').on('privacy_change').column('time').execute();
  await db.schema
    .alterTable('instance')
    .addColumn('change_count', 'bigint', c => c.notNull().defaultTo(0))
    .execute();
  const counted = sql<number>`(select coalesce(max(sequence), 0) from privacy_change where instance = name)`;
  await db.updateTable('instance').set({ change_count: counted }).execute();
}
