// 0.1: instances that are connected on demand.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('instance').addColumn('connection_mode', 'text').execute();
}
