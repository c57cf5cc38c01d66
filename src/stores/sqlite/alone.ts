import { Kysely } from 'kysely';
import type { Schema } from '../tables/schema.js';
import { openDatabase } from './sqlite.js';
import { transactionalDialect } from './transactional-dialect.js';

/** The tables of a file that this process has for itself; throws when a service has it. */
export async function sqliteAlone(file: string): Promise<{ db: Kysely<Schema>; close(): Promise<void> }> {
  const db = new Kysely<Schema>({ dialect: transactionalDialect(openDatabase(file)) });
  return { db, close: () => db.destroy() };
}
