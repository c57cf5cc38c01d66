import Sqlite, { type Database } from 'better-sqlite3';

/** Opens a database for this process alone; throws when another has it open. `:memory:` for one without a file. */
export function openDatabase(file: string): Database {
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
