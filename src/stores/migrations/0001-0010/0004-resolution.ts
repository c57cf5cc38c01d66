// 0.1: how a change of unknown outcome turned out.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('privacy_change').addColumn('resolved_outcome', 'text').execute();
  await db.schema.alterTable('privacy_change').addColumn('resolve_time', 'bigint').execute();
}
