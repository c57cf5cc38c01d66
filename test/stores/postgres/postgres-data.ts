import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { migrate } from '../../../src/stores/migrations/index.js';
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

/** Made once in each process: a copy of it has its migrations behind it. */
let template: Promise<string> | undefined;

async function makeTemplate(): Promise<string> {
  const name = newName();
  await administer([`create database ${name}`]);
  const db = queriesOf(databaseUrl(name));
  await migrate(db, []);
  await db.destroy();
  return name;
}

/** A name that no other database has. */
export const newName = (): string => `wa_privacy_test_${randomUUID().replaceAll('-', '')}`;

/** A new, empty database, removed after the test. */
export async function newDatabase(): Promise<string> {
  template ??= makeTemplate();
  const name = newName();
  await administer([`create database ${name} template ${await template}`]);
  onTestFinished(() => administer([`drop database ${name} with (force)`]));
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
