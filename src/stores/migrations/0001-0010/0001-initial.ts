// 0.1: instances, credentials with their Signal keys, tokens, history, answered requests.
import { type Kysely, sql } from 'kysely';

/** Column types are those PostgreSQL has; SQLite takes any. What belongs to an instance goes with it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('store_key')
    .addColumn('id', 'integer', c => c.primaryKey().check(sql`id = 1`))
    .addColumn('sealed_key', 'bytea', c => c.notNull())
    .execute();

  await db.schema
    .createTable('instance')
    .addColumn('name', 'text', c => c.primaryKey().notNull())
    .addColumn('display_name', 'text', c => c.notNull())
    .addColumn('status', 'text', c => c.notNull())
    .addColumn('status_reason', 'text', c => c.notNull())
    .addColumn('sealed_phone_number', 'bytea')
    .addColumn('create_time', 'bigint', c => c.notNull())
    .addColumn('link_time', 'bigint')
    .addColumn('last_connect_time', 'bigint')
    .addColumn('retry_time', 'bigint')
    .execute();

  await db.schema
    .createTable('credential')
    .addColumn('instance', 'text', c =>
      c.primaryKey().notNull().references('instance.name').onDelete('cascade'),
    )
    .addColumn('sealed_key', 'bytea', c => c.notNull())
    .addColumn('sealed_credentials', 'bytea', c => c.notNull())
    .execute();

  await db.schema
    .createTable('signal_key')
    .addColumn('instance', 'text', c => c.notNull().references('credential.instance').onDelete('cascade'))
    .addColumn('id', 'bytea', c => c.notNull())
    .addColumn('sealed_value', 'bytea', c => c.notNull())
    .addPrimaryKeyConstraint('signal_key_primary', ['instance', 'id'])
    .execute();

  await db.schema
    .createTable('token')
    .addColumn('id', 'text', c => c.primaryKey().notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('instance', 'text', c => c.references('instance.name').onDelete('cascade'))
    .addColumn('access', 'text', c => c.notNull())
    .addColumn('label', 'text', c => c.notNull())
    .addColumn('create_time', 'bigint', c => c.notNull())
    .addColumn('expire_time', 'bigint')
    .addColumn('last_use_time', 'bigint')
    .addColumn('digest', 'bytea', c => c.notNull().unique())
    .execute();
  await db.schema.createIndex('token_instance').on('token').column('instance').execute();
  await db.schema.createIndex('token_order').on('token').columns(['create_time', 'id']).execute();

  await db.schema
    .createTable('privacy_change')
    .addColumn('instance', 'text', c => c.notNull().references('instance.name').onDelete('cascade'))
    .addColumn('sequence', 'bigint', c => c.notNull())
    .addColumn('time', 'bigint', c => c.notNull())
    .addColumn('token_id', 'text')
    .addColumn('token_label', 'text')
    .addColumn('origin', 'text', c => c.notNull())
    .addColumn('setting', 'text', c => c.notNull())
    .addColumn('old_value', 'text')
    .addColumn('new_value', 'text', c => c.notNull())
    .addColumn('outcome', 'text', c => c.notNull())
    .addColumn('request_id', 'text', c => c.notNull())
    .addColumn('whatsapp_code', 'integer')
    .addPrimaryKeyConstraint('privacy_change_primary', ['instance', 'sequence'])
    .execute();

  await db.schema
    .createTable('answered_request')
    .addColumn('key', 'text', c => c.primaryKey().notNull())
    .addColumn('status', 'text', c => c.notNull())
    .addColumn('sealed_answer', 'bytea', c => c.notNull())
    .addColumn('expire_time', 'bigint', c => c.notNull())
    .execute();
  await db.schema
    .createIndex('answered_request_expiry')
    .on('answered_request')
    .column('expire_time')
    .execute();
}
