import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './thread/database.js';

/**
 * SQLite as Kysely speaks it. It has one connection: a transaction of Kysely's, which waits between its
 * statements, would take in whatever is written meanwhile, so only migrations make them, before anything else is asked.
 */
export function databaseDialect({ transact, alone }: Database): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery) {
      const { results } = await transact([{ sql, parameters }]);
      const { rows = [], changes = 0 } = results[0] ?? {};
      return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
    },
    streamQuery() {
      throw new Error('Nothing is streamed from SQLite');
    },
  };
  const saving = (command: string) => (_: DatabaseConnection, name: string) => alone(`${command} "${name}"`);
  return {
    // SQLite can take back changes of tables, but Kysely's adapter denies it, and nothing but its migrator asks.
    createAdapter: () =>
      Object.defineProperty(new SqliteAdapter(), 'supportsTransactionalDdl', { value: true }),
    createDriver: () => ({
      init: async () => undefined,
      acquireConnection: async () => connection,
      releaseConnection: async () => undefined,
      beginTransaction: () => alone('begin'),
      commitTransaction: () => alone('commit'),
      rollbackTransaction: () => alone('rollback'),
      savepoint: saving('savepoint'),
      releaseSavepoint: saving('release'),
      rollbackToSavepoint: saving('rollback to'),
      destroy: async () => undefined,
    }),
    createIntrospector: db => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
