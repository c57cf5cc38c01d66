import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { type Compilable, Kysely } from 'kysely';
import { closeToOthers, makeDataFolder } from '../../access/secret-file.js';
import { migrate } from '../migrations/index.js';
import { deriveKey } from '../sealing/store-key.js';
import type { Store } from '../store.js';
import { type Atomically, changeLog, type UnlessTaken } from '../tables/changes.js';
import { versionStore } from '../tables/client-version.js';
import { historyGrowth } from '../tables/history-growth.js';
import { instanceStore } from '../tables/instances.js';
import { applyLog } from '../tables/requests/apply-log.js';
import { requestLog } from '../tables/requests/request-log.js';
import type { Schema } from '../tables/schema.js';
import { changeMasterKey } from '../tables/sealed/change-master-key.js';
import { ensureStoreKey, openStoreKey } from '../tables/store-key.js';
import { tokenStore } from '../tables/tokens.js';
import { backUp, removeDraft } from './back-up.js';
import { advanceEpoch, witnessOf } from './epoch.js';
import { forgetErased, runNow, sqliteCredentials } from './sqlite-credentials.js';
import { transactionalDialect } from './transactional-dialect.js';

/** Where the data is and what opens it; the keys are of 32 bytes. */
type SqliteOptions = {
  /** `:memory:` for none. */
  readonly file: string;
  readonly masterKey: Buffer;
  /** The one that the data may still be under. */
  readonly previousMasterKey?: Buffer | undefined;
  /** Hears the id of a token whose row somebody has edited who has no master key. */
  readonly onEditedToken?: (id: string) => void;
};

/**
 * Everything in one SQLite file. One process at a time; throws when another has the file open, when the data is under
 * neither of the master keys, and when it is older than what was opened here before.
 *
 * Once it is open, Kysely runs single statements only: a transaction that waits would take in whatever is written
 * meanwhile on this one connection. What needs several statements runs them without waiting.
 */
export async function sqliteStore(options: SqliteOptions): Promise<Store> {
  const { file, masterKey, previousMasterKey, onEditedToken = () => undefined } = options;
  const database = openDatabase(file);
  const db = new Kysely<Schema>({ dialect: transactionalDialect(database) });
  try {
    if (file !== ':memory:') removeDraft(file);
    await migrate(db, previousMasterKey ? [masterKey, previousMasterKey] : [masterKey]);
    await ensureStoreKey(db, masterKey);
    if (file !== ':memory:') advanceEpoch(database, witnessOf(file));
    const growth = historyGrowth();
    const atomically: Atomically = async queries => {
      database.transaction(() => {
        for (const query of queries) runNow(database, query);
      })();
      growth.committed(queries);
    };
    const unlessTaken: UnlessTaken = async (each, then) => {
      const ran: Compilable[] = [];
      const run = (queries: readonly Compilable[]) => {
        for (const query of queries) runNow(database, query);
        ran.push(...queries);
      };
      const wrote = database.transaction(() => {
        const isDone = each.map(({ first, others }) => {
          if (runNow(database, first) === 0) return false;
          run(others);
          return true;
        });
        run(then(isDone));
        return isDone;
      })();
      growth.committed(ran);
      return wrote;
    };
    const hasNewMasterKey =
      previousMasterKey !== undefined &&
      (await changeMasterKey(db, atomically, { from: previousMasterKey, to: masterKey }));
    if (previousMasterKey) forgetErased(database); // Also where the start before this one was killed just here.
    const storeKey = await openStoreKey(db, masterKey);
    const instances = instanceStore(db, storeKey, { atomically, unlessTaken });
    return {
      instances: {
        ...instances,
        async remove(...removal) {
          await instances.remove(...removal);
          forgetErased(database);
        },
      },
      credentials: sqliteCredentials(database, db, { masterKey, storeKey }, growth.committed),
      changes: changeLog(db, atomically, growth),
      tokens: tokenStore(db, storeKey, { atomically, unlessTaken, onEdited: onEditedToken }),
      requests: requestLog(db, storeKey),
      applies: applyLog(db, storeKey, atomically),
      versions: versionStore(db),
      deriveKey: purpose => deriveKey(storeKey, purpose),
      hasNewMasterKey,
      backUp: signal => backUp(database, signal),
      close: async () => {
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens a database for this process alone; throws when another has it open. */
export function openDatabase(file: string): Database {
  if (file !== ':memory:') makePrivateFile(file);
  const database = new Sqlite(file, { timeout: 50 });
  try {
    // Before anything reads: with WAL this takes the lock for good and needs no shared memory.
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('secure_delete = ON');
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error))
      throw new Error(`Another wa-privacy uses this data folder (${file})`, { cause: error });
    throw error;
  }
}

/** Whether this is what SQLite says of a database that another process has locked. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');

/**
 * SQLite gives its side files the mode of the database file, but leaves one that is there as it is. A file that is there
 * is not opened: closing it would drop the locks that this process has on it.
 */
function makePrivateFile(file: string): void {
  makeDataFolder(dirname(file));
  if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
  for (const each of [file, `${file}-wal`, `${file}-journal`]) if (existsSync(each)) closeToOthers(each);
}
