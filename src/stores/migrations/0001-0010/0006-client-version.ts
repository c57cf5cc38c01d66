// 0.1: the WhatsApp version that was fetched, and when WhatsApp will refuse one.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('client_version')
    .addColumn('id', 'integer', c => c.primaryKey().notNull())
    .addColumn('fetched_revision', 'bigint')
    .addColumn('fetch_time', 'bigint')
    .addColumn('look_time', 'bigint')
    .addColumn('expiring_revision', 'bigint')
    .addColumn('expire_time', 'bigint')
    .execute();
}
