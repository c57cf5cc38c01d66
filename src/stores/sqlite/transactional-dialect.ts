import type { Database } from 'better-sqlite3';
import { SqliteAdapter, SqliteDialect } from 'kysely';

/**
 * SQLite as Kysely speaks it, with migrations in transactions: SQLite can take back changes of tables, but Kysely's
 * adapter denies it, and nothing but its migrator asks.
 */
export const transactionalDialect = (database: Database): SqliteDialect =>
  Object.assign(new SqliteDialect({ database }), {
    createAdapter: () =>
      Object.defineProperty(new SqliteAdapter(), 'supportsTransactionalDdl', { value: true }),
  });
