// 0.1: the history has ids over all instances, tells of instances and tokens too, and outlives what it tells of.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

type Tables = { instance: { name: string; uid: string } };

/** Entries until now get ids in the order of their times. */
export async function up(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('instance')
    .addColumn('uid', 'text', c => c.notNull().defaultTo(''))
    .execute();
  for (const { name } of await db.selectFrom('instance').select('name').execute())
    await db.updateTable('instance').set({ uid: randomUUID() }).where('name', '=', name).execute();

  await db.schema
    .createTable('change')
    .addColumn('id', 'bigint', c => c.primaryKey().notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('instance', 'text', c => c.notNull())
    .addColumn('instance_uid', 'text')
    .addColumn('time', 'bigint', c => c.notNull())
    .addColumn('actor_token_id', 'text')
    .addColumn('actor_token_label', 'text')
    .addColumn('origin', 'text')
    .addColumn('request_id', 'text', c => c.notNull())
    .addColumn('setting', 'text')
    .addColumn('old_value', 'text')
    .addColumn('new_value', 'text')
    .addColumn('outcome', 'text')
    .addColumn('whatsapp_code', 'integer')
    .addColumn('resolved_outcome', 'text')
    .addColumn('resolve_time', 'bigint')
    .addColumn('resolved_id', 'bigint')
    .addColumn('token_id', 'text', c => c.notNull())
    .execute();
  await sql`
    insert into change (id, kind, instance, instance_uid, time, actor_token_id, actor_token_label, origin, request_id,
      setting, old_value, new_value, outcome, whatsapp_code, resolved_outcome, resolve_time, token_id)
    select row_number() over (order by time, instance, sequence), 'SETTING_CHANGED', instance, uid, time, token_id,
      token_label, origin, request_id, setting, old_value, new_value, outcome, whatsapp_code, resolved_outcome,
      resolve_time, ''
    from privacy_change join instance on instance.name = privacy_change.instance`.execute(db);
  await db.schema.dropTable('privacy_change').execute();
  await db.schema.alterTable('change').renameTo('privacy_change').execute();
  await db.schema.createIndex('privacy_change_time').on('privacy_change').columns(['time', 'id']).execute();
  await db.schema
    .createIndex('privacy_change_instance')
    .on('privacy_change')
    .columns(['instance', 'id'])
    .execute();

  await db.schema
    .createTable('change_counter')
    .addColumn('id', 'integer', c => c.primaryKey().check(sql`id = 1`))
    .addColumn('last_id', 'bigint', c => c.notNull())
    .execute();
  await sql`insert into change_counter (id, last_id) select 1, coalesce(max(id), 0) from privacy_change`.execute(
    db,
  );
  await db.schema.alterTable('instance').dropColumn('change_count').execute();
}
