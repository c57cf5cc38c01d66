// 0.1: how often the data was opened.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('store_key')
    .addColumn('epoch', 'bigint', c => c.notNull().defaultTo(0))
    .execute();
}
