// 0.1: what an instance says of being available, and when it last did.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('instance').addColumn('presence', 'text').execute();
  await db.schema.alterTable('instance').addColumn('last_presence_time', 'bigint').execute();
}
