import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import { type BackupHeader, backupFile } from '../../domain/backup-file.js';
import { wallTime } from '../../domain/time/wall-time.js';
import { keyIdOf } from '../sealing/envelope.js';
import type { Schema } from '../tables/schema.js';
import type { Database } from './thread/database.js';

/** With a message around it still under 64 KiB. */
const PART_BYTES = 32 * 1024;

/**
 * A backup file of the database as it is when the copy is complete, part by part. What is written while it is copied
 * goes into the copy too, which lies beside the database until it is complete, then nowhere but in this process.
 */
export async function* backUp(
  database: Database,
  db: Kysely<Schema>,
  databaseFile: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const draft = draftOf(databaseFile);
  removeDraft(databaseFile);
  const file = await open(draft, 'wx+', 0o600);
  try {
    try {
      await database.backUp(draft, signal);
    } finally {
      // What is open stays until it is closed; by then the draft may be that of another backup.
      removeDraft(databaseFile);
    }
    const { size } = await file.stat();
    const parts = file.createReadStream({ start: 0, autoClose: false, highWaterMark: PART_BYTES });
    yield* backupFile(await headerOf(db, size), parts as AsyncIterable<Buffer>);
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

async function headerOf(db: Kysely<Schema>, databaseBytes: number): Promise<BackupHeader> {
  const { sealed_key, epoch } = await db
    .selectFrom('store_key')
    .select(['sealed_key', 'epoch'])
    .executeTakeFirstOrThrow();
  const migrations = await sql<{ name: string }>`select max(name) as name from kysely_migration`.execute(db);
  return {
    createTime: wallTime().toISOString(),
    schema: migrations.rows[0]?.name ?? '',
    epoch,
    masterKeyId: keyIdOf(sealed_key),
    databaseBytes,
  };
}
