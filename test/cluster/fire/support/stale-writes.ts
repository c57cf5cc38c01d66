import pg from 'pg';
import { administer } from '../../../stores/postgres/postgres-data.js';

/** What is written of an instance by its holder alone. Entries of the history are where they are about settings. */
const TABLES = { credential: 'true', signal_key: 'true', privacy_change: 'new.setting is not null' };

/**
 * Has a database take down each write whose writer, by the name that its connection has, did not hold the instance then:
 * a witness that goes by nothing of what the service does against it.
 */
export async function watchForStaleWrites(url: string): Promise<void> {
  const triggers = Object.entries(TABLES).map(
    ([table, condition]) => `create trigger stale_write after insert or update on ${table}
      for each row when (${condition}) execute function note_stale_write()`,
  );
  await administer(
    [
      'create table stale_write (time timestamptz, tab text, instance text, writer text)',
      `create function note_stale_write() returns trigger language plpgsql as $$ begin
         if not exists (
           select from lease join node on node.id = lease.node
             where lease.instance = new.instance and node.name = current_setting('application_name')
         ) then
           insert into stale_write
             values (clock_timestamp(), tg_table_name, new.instance, current_setting('application_name'));
         end if;
         return null;
       end $$`,
      ...triggers,
    ],
    url,
  );
}

/** Asks a database, past the service. */
export async function rowsOf(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
