import { existsSync, readFileSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { replaceFile } from '../../access/secret-file.js';
import type { Schema } from '../tables/schema.js';

/**
 * Counts how often a database was opened, in it and in a file beside it, which an old backup of the database does not
 * bring back: throws when the file has counted further. Without that file any database is taken.
 */
export async function advanceEpoch(db: Kysely<Schema>, file: string): Promise<void> {
  const witness = witnessOf(file);
  const { epoch: last } = await db.selectFrom('store_key').select('epoch').executeTakeFirstOrThrow();
  if (last < readEpoch(witness)) {
    throw new Error(
      `${file} is older than what ran here last, as an old backup is: with it tokens revoked since then ` +
        `work again, and links and history made since then are missing. To use it all the same, delete ${witness}`,
    );
  }
  // In this order: killed in between, the next start finds the database ahead and not behind.
  await db
    .updateTable('store_key')
    .set({ epoch: last + 1 })
    .execute();
  replaceFile(witness, `${last + 1}\n`);
}

/** The file beside a database that counts its starts. */
export const witnessOf = (database: string): string => `${database}.epoch`;

/** What such a file has counted to; 0 without one. */
export function readEpoch(file: string): number {
  if (!existsSync(file)) return 0;
  const text = readFileSync(file, 'utf8').trim();
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${file} does not hold a number`);
  return Number(text);
}
