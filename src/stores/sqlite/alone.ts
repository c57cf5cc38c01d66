import { Kysely } from 'kysely';
import type { Schema } from '../tables/schema.js';
import { databaseDialect } from './database-dialect.js';
import { openSqlite } from './open-sqlite.js';

/** The tables of a file that this process has for itself; rejects when a service has it. */
export async function sqliteAlone(file: string): Promise<{ db: Kysely<Schema>; close(): Promise<void> }> {
  const database = await openSqlite(file);
  return { db: new Kysely<Schema>({ dialect: databaseDialect(database) }), close: database.close };
}
