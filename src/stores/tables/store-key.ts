import { hkdfSync } from 'node:crypto';
import type { Kysely } from 'kysely';
import { isSealedWith, newKey, seal, unseal } from '../sealing/envelope.js';
import type { Schema } from './schema.js';

/** Of the store's own data key. */
export const STORE_KEY_LABEL = { kind: 'store key', instance: '' };

/** Makes the store's own data key when there is none yet. */
export async function ensureStoreKey(db: Kysely<Schema>, masterKey: Buffer): Promise<void> {
  await db
    .insertInto('store_key')
    .values({ id: 1, sealed_key: seal(masterKey, STORE_KEY_LABEL, newKey()) })
    .onConflict(conflict => conflict.doNothing())
    .execute();
}

/**
 * The store's own data key; throws when the master key is another than that of the data. It outlives a change of the
 * master key, and so does all that is sealed with it or derived from it.
 */
export async function openStoreKey(db: Kysely<Schema>, masterKey: Buffer): Promise<Buffer> {
  const { sealed_key } = await db.selectFrom('store_key').select('sealed_key').executeTakeFirstOrThrow();
  if (!isSealedWith(masterKey, sealed_key)) {
    throw new Error('The master key is not the one that this data was written with');
  }
  return unseal(masterKey, STORE_KEY_LABEL, sealed_key);
}

/** Derives a key with HKDF-SHA-256. */
export const deriveKey = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
