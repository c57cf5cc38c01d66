// 0.1: the proxy of an instance.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('instance').addColumn('sealed_proxy', 'bytea').execute();
}
