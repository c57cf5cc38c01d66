import { rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Database } from 'better-sqlite3';
import { type BackupHeader, backupFile } from '../../domain/backup-file.js';
import { wallTime } from '../../domain/time/wall-time.js';
import { keyIdOf } from '../sealing/envelope.js';

/** Copied in one turn of the event loop, 400 KB: less than a millisecond. */
const PAGES_A_TURN = 100;
/** What is copied is sent to the disk in shares of 8 MB, or SQLite would wait for all of it at the end. */
const PAGES_A_SYNC = 2048;
/** With a message around it still under 64 KiB. */
const PART_BYTES = 32 * 1024;

/**
 * A backup file of the database as it is when the copy is complete, part by part. What is written while it is copied
 * goes into the copy too, which lies beside the database until it is complete, then nowhere but in this process.
 */
export async function* backUp(database: Database, signal: AbortSignal): AsyncGenerator<Buffer> {
  const draft = draftOf(database.name);
  removeDraft(database.name);
  const file = await open(draft, 'wx+', 0o600);
  try {
    try {
      await copy(database, draft, file, signal);
    } finally {
      // What is open stays until it is closed; by then the draft may be that of another backup.
      removeDraft(database.name);
    }
    const { size } = await file.stat();
    const parts = file.createReadStream({ start: 0, autoClose: false, highWaterMark: PART_BYTES });
    yield* backupFile(headerOf(database, size), parts as AsyncIterable<Buffer>);
  } finally {
    await file.close();
  }
}

/** Where a database is put together beside the one in use. */
export const draftOf = (database: string): string => `${database}.draft`;

/** Removes what a killed process may have left of one. Only for who has the database locked. */
export function removeDraft(database: string): void {
  for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${draftOf(database)}${end}`, { force: true });
}

async function copy(database: Database, draft: string, file: FileHandle, signal: AbortSignal): Promise<void> {
  let unsynced = 0;
  let syncing: Promise<void> | undefined;
  await database.backup(draft, {
    progress() {
      signal.throwIfAborted();
      unsynced += PAGES_A_TURN;
      if (unsynced >= PAGES_A_SYNC && !syncing) {
        unsynced = 0;
        // When it fails SQLite's own will too, and tells.
        const done = () => {
          syncing = undefined;
        };
        syncing = file.datasync().then(done, done);
      }
      return PAGES_A_TURN;
    },
  });
}

function headerOf(database: Database, databaseBytes: number): BackupHeader {
  const store = database
    .prepare<[], { sealed_key: Buffer; epoch: number }>('select sealed_key, epoch from store_key')
    .get();
  const last = database
    .prepare<[], { name: string }>('select name from kysely_migration order by name desc limit 1')
    .get();
  if (!store || !last) throw new Error('The database is not set up');
  return {
    createTime: wallTime().toISOString(),
    schema: last.name,
    epoch: store.epoch,
    masterKeyId: keyIdOf(store.sealed_key),
    databaseBytes,
  };
}
