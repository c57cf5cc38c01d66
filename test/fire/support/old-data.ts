import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect } from 'vitest';
import type { NewChange } from '../../../src/instances/ports/history.js';
import { migrations } from '../../../src/stores/migrations/index.js';
import { seal } from '../../../src/stores/sealing/envelope.js';
import { unsealStoreKey } from '../../../src/stores/sealing/store-key.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../../src/stores/store.js';
import {
  at,
  bytes,
  changeRecord,
  digestOf,
  linkedInstance,
  MASTER_KEY,
  tokenRecord,
} from '../../stores/contract/records.js';

const INSTANCES = ['a', 'b'];
const TOKENS = ['account', 'of-a'];

/** Something of everything that is stored. */
async function fill(store: Store): Promise<void> {
  for (const name of INSTANCES) await linkedInstance(store, name);
  await store.tokens.put({ ...tokenRecord('account'), expireTime: at(600) });
  await store.tokens.put({ ...tokenRecord('of-a'), kind: 'INSTANCE', instance: 'a', access: 'READ_ONLY' });
  const changes = [1, 2, 3].map(second => changeRecord('a', second));
  await store.changes.append(changes.map(asAtFirst));
  await store.requests.save({
    key: 'key',
    digest: digestOf('request'),
    answer: bytes('answer'),
    status: 'response',
    expireTime: at(9),
    subject: undefined,
  });
}

/** As the first version could keep it. */
const asAtFirst = (entry: NewChange): NewChange => ({
  ...entry,
  change: entry.change && { ...entry.change, resends: 0 },
});

/** All of it. */
export const contentsOf = async (store: Store) => ({
  instances: (await store.instances.list()).map(record => ({ ...record, uid: '' })), // Made up by a migration.
  credentials: await Promise.all(INSTANCES.map(name => store.credentials.load(name))),
  keys: await Promise.all(INSTANCES.map(name => store.credentials.loadKeys(name, 'session', ['1']))),
  tokens: await Promise.all(TOKENS.map(id => store.tokens.find(id))),
  changes: (await store.changes.list({ instances: ['a'] }, { after: undefined, limit: 10 })).changes.map(
    entry => ({ ...entry, instanceUid: '' }),
  ),
  answer: await store.requests.find('key', at(0)),
});

/** Fills a folder with data as it was when this was the newest migration; what it holds. */
export async function makeOldData(folder: string, newest: string) {
  const today = join(`${folder}-of-today`, 'wa-privacy.db');
  const store = await sqliteStore({ file: today, masterKey: MASTER_KEY });
  await fill(store);
  const contents = await contentsOf(store);
  await store.close();

  const database = new Sqlite(join(folder, 'wa-privacy.db'));
  database.pragma('journal_mode = WAL');
  database.function('as_before_macs', (sealed: Buffer) =>
    seal(MASTER_KEY, { kind: 'store key', instance: '' }, unsealStoreKey(MASTER_KEY, sealed)),
  );
  const migrator = new Migrator({
    db: new Kysely({ dialect: new SqliteDialect({ database }) }),
    provider: { getMigrations: async () => migrations([MASTER_KEY]) },
  });
  const migrateTo = async (name: string) => expect((await migrator.migrateTo(name)).error).toBeUndefined();
  const columnsOf = (table: string) => database.pragma(`table_info(${table})`) as { name: string }[];
  const take = (...tables: string[]) => {
    for (const table of tables) {
      const columns = columnsOf(table)
        .map(({ name }) => name)
        .join();
      database.exec(`insert into ${table} (${columns}) select ${columns} from today.${table}`);
    }
  };

  await migrateTo('0001_initial');
  database.exec(`attach '${today}' as today`);
  take('store_key', 'instance', 'credential', 'signal_key', 'token');
  database.exec(
    `insert into privacy_change select instance, id, time, actor_token_id, actor_token_label, origin, setting, old_value,
       new_value, outcome, request_id, whatsapp_code from today.privacy_change`,
  );
  database.exec('update store_key set sealed_key = as_before_macs(sealed_key)');
  await migrateTo(newest);
  const keepsAnswers = columnsOf('answered_request').some(({ name }) => name === 'subject');
  if (keepsAnswers) take('answered_request');
  database.close();
  return keepsAnswers ? contents : { ...contents, answer: undefined };
}
