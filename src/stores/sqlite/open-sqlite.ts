import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { closeToOthers, makeDataFolder } from '../../access/secret-file.js';
import type { Database } from './thread/database.js';
import { databaseThread } from './thread/database-thread.js';

/** Opens a file for this process alone, or with `:memory:` none; rejects when another has it open. */
export async function openSqlite(file: string): Promise<Database> {
  if (file === ':memory:') return (await import('./thread/memory-database.js')).memoryDatabase();
  makePrivateFile(file);
  return databaseThread(file);
}

/**
 * SQLite gives its side files the mode of the database file, but leaves one that is there as it is. A file that is there
 * is not opened: closing it would drop the locks that this process has on it.
 */
function makePrivateFile(file: string): void {
  makeDataFolder(dirname(file));
  if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
  for (const each of [file, `${file}-wal`, `${file}-journal`]) if (existsSync(each)) closeToOthers(each);
}
