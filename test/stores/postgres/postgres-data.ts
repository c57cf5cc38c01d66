import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { migrate } from '../../../src/stores/migrations/index.js';
import { TABLE_NAMES } from '../../../src/stores/moving/tables.js';
import { connections } from '../../../src/stores/postgres/connections.js';
import { postgresStore, queriesOver } from '../../../src/stores/postgres/postgres.js';
import type { Data } from '../contract/data.js';
import { MASTER_KEY } from '../contract/records.js';

/** The URL of a database on the server of the tests, or on another. */
export function databaseUrl(name: string, server: string = inject('databaseServer')): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs statements of an administrator. */
export async function administer(
  statements: readonly string[],
  url = databaseUrl('postgres'),
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The queries of the tables, past the store. */
export const queriesOf = (url: string) =>
  queriesOver(connections({ url, most: 2, statementMs: 0, onLoss: () => undefined }));

/** A name that no other database has; databases of such names are removed with the server, or when all tests have run. */
export const newName = (): string => `${inject('databasePrefix')}${randomUUID().replaceAll('-', '')}`;

/** Made in this process, migrated and empty: it takes PostgreSQL longer to make one than most tests take. */
const free: string[] = [];

/** An empty database, for one test. */
export async function newDatabase(): Promise<string> {
  const url = free.pop() ?? (await makeDatabase());
  onTestFinished(async () => {
    await administer(
      [
        `truncate ${TABLE_NAMES.join(', ')}, node, hop, permit, task, hold cascade`,
        'insert into change_counter (id, last_id) values (1, 0)',
      ],
      url,
    );
    free.push(url);
  });
  return url;
}

async function makeDatabase(): Promise<string> {
  const name = newName();
  await administer([`create database ${name}`]);
  const db = queriesOf(databaseUrl(name));
  await migrate(db, []);
  await db.destroy();
  return databaseUrl(name);
}

/** Opens a store over a database; it is closed after the test. */
export async function openPostgres(url: string, options: Partial<Parameters<typeof postgresStore>[0]> = {}) {
  const store = await postgresStore({ url, masterKey: MASTER_KEY, mostConnections: 4, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Data in a new database. */
export function postgresData(): Data {
  const editedTokens: string[] = [];
  const onEditedToken = (id: string) => void editedTokens.push(id);
  let database: Promise<string> | undefined;
  const url = () => (database ??= newDatabase());
  return {
    editedTokens,
    open: async (masterKey = MASTER_KEY, previousMasterKey?: Buffer) =>
      openPostgres(await url(), { masterKey, previousMasterKey, onEditedToken }),
    async edit(change) {
      const db = queriesOf(await url());
      try {
        await change(db);
      } finally {
        await db.destroy();
      }
    },
  };
}
