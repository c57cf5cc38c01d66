// 0.1: answered requests end with what they speak of.
import type { Kysely } from 'kysely';

/** Makes the table anew: the answers until now do not tell of what they speak, and would outlive it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('answered_request').ifExists().execute();
  await db.schema
    .createTable('answered_request')
    .addColumn('key', 'text', c => c.primaryKey().notNull())
    .addColumn('instance', 'text', c => c.references('instance.name').onDelete('cascade'))
    .addColumn('subject', 'text')
    .addColumn('status', 'text', c => c.notNull())
    .addColumn('sealed_answer', 'bytea', c => c.notNull())
    .addColumn('expire_time', 'bigint', c => c.notNull())
    .execute();
  await db.schema
    .createIndex('answered_request_expiry')
    .on('answered_request')
    .column('expire_time')
    .execute();
  await db.schema
    .createIndex('answered_request_instance')
    .on('answered_request')
    .column('instance')
    .execute();
}
