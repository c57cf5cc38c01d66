// 0.1: the history tells how often a change was sent once more after a cut.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('privacy_change')
    .addColumn('resends', 'integer', c => c.notNull().defaultTo(0))
    .execute();
}
