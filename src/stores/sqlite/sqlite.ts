import { Kysely } from 'kysely';
import { migrate } from '../migrations/index.js';
import { deriveKey } from '../sealing/store-key.js';
import type { Store } from '../store.js';
import { changeLog } from '../tables/changes.js';
import { versionStore } from '../tables/client-version.js';
import { historyGrowth } from '../tables/history-growth.js';
import { instanceStore } from '../tables/instances.js';
import { applyLog } from '../tables/requests/apply-log.js';
import { requestLog } from '../tables/requests/request-log.js';
import type { Schema } from '../tables/schema.js';
import { changeMasterKey } from '../tables/sealed/change-master-key.js';
import { credentialStore } from '../tables/sealed/credentials.js';
import { ensureStoreKey, openStoreKey } from '../tables/store-key.js';
import { tokenStore } from '../tables/tokens.js';
import { backUp, removeDraft } from './back-up.js';
import { databaseDialect } from './database-dialect.js';
import { advanceEpoch } from './epoch.js';
import { openSqlite } from './open-sqlite.js';
import type { Database } from './thread/database.js';
import { transactions } from './transactions.js';

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
 * Everything in one SQLite file, on a thread of its own. One process at a time; rejects when another has the file open,
 * when the data is under neither of the master keys, and when it is older than what was opened here before.
 */
export async function sqliteStore(options: SqliteOptions): Promise<Store> {
  const { file, masterKey, previousMasterKey, onEditedToken = () => undefined } = options;
  const database = await openSqlite(file);
  const db = new Kysely<Schema>({ dialect: databaseDialect(database) });
  try {
    if (file !== ':memory:') removeDraft(file);
    await migrate(db, previousMasterKey ? [masterKey, previousMasterKey] : [masterKey]);
    await ensureStoreKey(db, masterKey);
    if (file !== ':memory:') await advanceEpoch(db, file);
    const growth = historyGrowth();
    const { atomically, unlessTaken } = transactions(database, growth);
    const hasNewMasterKey =
      previousMasterKey !== undefined &&
      (await changeMasterKey(db, atomically, { from: previousMasterKey, to: masterKey }));
    if (previousMasterKey) await forgetErased(database); // Also where the start before this one was killed just here.
    const storeKey = await openStoreKey(db, masterKey);
    const instances = instanceStore(db, storeKey, { atomically, unlessTaken });
    const credentials = credentialStore(db, { masterKey, storeKey }, { atomically, unlessTaken });
    const forgetting = async <T>(erasing: Promise<T>): Promise<T> => {
      const result = await erasing;
      await forgetErased(database);
      return result;
    };
    return {
      instances: { ...instances, remove: (...removal) => forgetting(instances.remove(...removal)) },
      credentials: {
        ...credentials,
        saveLink: (...link) => forgetting(credentials.saveLink(...link)),
        clear: (...removal) => forgetting(credentials.clear(...removal)),
      },
      changes: changeLog(db, atomically, growth),
      tokens: tokenStore(db, storeKey, { atomically, unlessTaken, onEdited: onEditedToken }),
      requests: requestLog(db, storeKey, atomically),
      applies: applyLog(db, storeKey, atomically),
      versions: versionStore(db),
      isShared: false,
      deriveKey: purpose => deriveKey(storeKey, purpose),
      hasNewMasterKey,
      backUp: signal => backUp(database, db, file, signal),
      close: database.close,
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Writes erased rows out of the write-ahead log, where they would stay readable with the master key. */
const forgetErased = ({ alone }: Database): Promise<void> => alone('pragma wal_checkpoint(TRUNCATE)');
