// 0.2: what several nodes do once, and what holds the dials of all; empty where one process has the database.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('task')
    .addColumn('name', 'text', c => c.primaryKey().notNull())
    .addColumn('node', 'text', c => c.references('node.id').onDelete('set null'))
    .addColumn('due_time', 'bigint', c => c.notNull())
    .execute();
  await db.schema
    .createTable('hold')
    .addColumn('kind', 'text', c => c.primaryKey().notNull())
    .addColumn('cause', 'text', c => c.notNull())
    .addColumn('until', 'bigint', c => c.notNull())
    .addColumn('count', 'integer', c => c.notNull())
    .execute();
}
