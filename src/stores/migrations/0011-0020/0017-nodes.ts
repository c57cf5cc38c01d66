// 0.2: several nodes on one database, which only PostgreSQL can be; a SQLite file has the tables and leaves them empty.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('node')
    .addColumn('id', 'text', c => c.primaryKey().notNull())
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('address', 'text', c => c.notNull())
    .addColumn('version', 'text', c => c.notNull())
    .addColumn('most_instances', 'integer')
    .addColumn('is_draining', 'integer', c => c.notNull().defaultTo(0))
    .addColumn('start_time', 'bigint', c => c.notNull())
    .addColumn('expire_time', 'bigint', c => c.notNull())
    .execute();
  await db.schema
    .createTable('lease')
    .addColumn('instance', 'text', c =>
      c.primaryKey().notNull().references('instance.name').onDelete('cascade'),
    )
    .addColumn('node', 'text', c => c.references('node.id').onDelete('set null'))
    .addColumn('epoch', 'bigint', c => c.notNull())
    .execute();
  await db.schema.createIndex('lease_node').on('lease').column('node').execute();
  await db.schema
    .createTable('hop')
    .addColumn('id', 'text', c => c.primaryKey().notNull())
    .addColumn('instance', 'text', c => c.notNull())
    .addColumn('epoch', 'bigint', c => c.notNull())
    .addColumn('time', 'bigint', c => c.notNull())
    .execute();
  await db.schema.createIndex('hop_time').on('hop').column('time').execute();
  await db.schema
    .createTable('permit')
    .addColumn('key', 'text', c => c.notNull())
    .addColumn('window_start', 'bigint', c => c.notNull())
    .addColumn('window_end', 'bigint', c => c.notNull())
    .addColumn('used', 'integer', c => c.notNull())
    .addPrimaryKeyConstraint('permit_key', ['key', 'window_start'])
    .execute();
  await db.schema.createIndex('permit_window').on('permit').column('window_end').execute();
}
