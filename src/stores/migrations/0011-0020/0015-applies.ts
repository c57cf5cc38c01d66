// 0.1: updates of many instances with a request_id, and how each instance ended.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('apply')
    .addColumn('key', 'text', c => c.primaryKey().notNull())
    .addColumn('start_time', 'bigint', c => c.notNull())
    .addColumn('end_time', 'bigint')
    .addColumn('expire_time', 'bigint', c => c.notNull())
    .execute();
  await db.schema.createIndex('apply_expiry').on('apply').column('expire_time').execute();
  await db.schema
    .createTable('apply_result')
    .addColumn('apply_key', 'text', c => c.notNull().references('apply.key').onDelete('cascade'))
    .addColumn('place', 'integer', c => c.notNull())
    .addColumn('instance', 'text', c => c.notNull())
    .addColumn('status', 'text')
    .addPrimaryKeyConstraint('apply_result_key', ['apply_key', 'place'])
    .execute();
}
