import { createReadStream, existsSync, linkSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { makeDataFolder, syncFolder } from '../../access/secret-file.js';
import { type BackupHeader, backupReader } from '../../domain/backup-file.js';
import { wallTime } from '../../domain/time/wall-time.js';
import { MIGRATION_NAMES } from '../migrations/index.js';
import { fitsStoreKey } from '../sealing/store-key.js';
import { draftOf, removeDraft } from './back-up.js';
import { readEpoch, witnessOf } from './epoch.js';
import { isBusy, openDatabase } from './thread/open-database.js';

/** What was put in place. */
export type Restored = {
  readonly header: BackupHeader;
  /** Where the database is now that was there before. */
  readonly keptAs: string | undefined;
};

/**
 * Puts the database of a backup file in the place of `database`, once it is found to be whole, of a version that this
 * program knows, and under one of the master keys, if any are given. What is there already is kept beside it, and only
 * replaced when `force` is set. Killed at any moment, it leaves the one or the other, whole. Throws with a text for the
 * operator, also when a service uses the database.
 */
export async function restoreBackup(options: {
  readonly backup: string;
  readonly database: string;
  readonly masterKeys: readonly Buffer[];
  readonly force: boolean;
}): Promise<Restored> {
  const { backup, database, masterKeys, force } = options;
  if (existsSync(database) && !force)
    throw new Error(`${database} is there already; with --force it is kept beside the one that is restored`);
  makeDataFolder(dirname(database));
  const old = existsSync(database) ? lockOld(database) : undefined;
  try {
    removeDraft(database);
    const header = await extract(backup, draftOf(database));
    prepare(draftOf(database), masterKeys, readEpoch(witnessOf(database)));
    return { header, keptAs: putInPlace(database) };
  } finally {
    removeDraft(database);
    old?.close();
  }
}

/** Locks the database that is to be replaced; undefined when it is damaged, and so in nobody's use. */
function lockOld(file: string): Database | undefined {
  const old = new Sqlite(file, { timeout: 50, fileMustExist: true });
  try {
    old.pragma('locking_mode = EXCLUSIVE');
    // Takes in its WAL, which SQLite would otherwise read into the database that comes in its place.
    old.pragma('journal_mode = DELETE');
    old.exec('begin exclusive');
    return old;
  } catch (error) {
    old.close();
    if (isBusy(error)) throw new Error(`${file} is in use: stop the service first`, { cause: error });
    const isDamaged = error instanceof Sqlite.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code);
    if (!isDamaged) throw error;
    return undefined;
  }
}

/** Writes the database in a backup file to a file of its own; throws when the backup is not whole. */
async function extract(backup: string, to: string): Promise<BackupHeader> {
  const reader = backupReader();
  await using file = await open(to, 'wx', 0o600);
  for await (const part of createReadStream(backup) as AsyncIterable<Buffer>)
    await file.appendFile(reader.push(part));
  const header = reader.finish();
  await file.sync();
  return header;
}

/** Throws when the service could not use the database; else lets it start where one counted to `epoch` before. */
function prepare(file: string, masterKeys: readonly Buffer[], epoch: number): void {
  const database = openDatabase(file);
  try {
    const found = database.pragma('integrity_check', { simple: true });
    if (found !== 'ok') throw new Error(`The database in the backup is damaged: ${String(found)}`);
    const migrations = database.prepare<[], { name: string }>('select name from kysely_migration').all();
    const unknown = migrations.filter(({ name }) => !MIGRATION_NAMES.includes(name));
    if (unknown.length > 0)
      throw new Error(`The backup is of a newer version of wa-privacy: it has ${unknown[0]?.name}`);
    const store = database.prepare<[], { sealed_key: Buffer }>('select sealed_key from store_key').get();
    if (masterKeys.length > 0 && !(store && fitsStoreKey(masterKeys, store.sealed_key)))
      throw new Error('The master key is not the one that the backup was made with');
    // In the database and not in the file beside it, so that all is replaced in one step.
    database.prepare('update store_key set epoch = max(epoch, ?)').run(epoch);
  } finally {
    database.close();
  }
}

/** Replaces the database by its draft in one step; where the one before is now. */
function putInPlace(database: string): string | undefined {
  const draft = draftOf(database);
  if (!existsSync(database)) {
    linkSync(draft, database); // Fails where a service has made one meanwhile.
    syncFolder(dirname(database));
    return undefined;
  }
  const keptAs = `${database}.replaced-${wallTime().toISOString().replace(/[:.]/g, '-')}`;
  linkSync(database, keptAs);
  for (const end of ['-wal', '-journal']) // Of a damaged one.
    if (existsSync(`${database}${end}`)) renameSync(`${database}${end}`, `${keptAs}${end}`);
  syncFolder(dirname(database));
  renameSync(draft, database);
  syncFolder(dirname(database));
  return keptAs;
}
