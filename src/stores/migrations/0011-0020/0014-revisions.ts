// 0.1: instances count the changes that callers make to them.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('instance')
    .addColumn('revision', 'bigint', c => c.notNull().defaultTo(0))
    .execute();
}
