import type { Kysely } from 'kysely';
import { newKey } from '../sealing/envelope.js';
import { sealStoreKey, unsealStoreKey } from '../sealing/store-key.js';
import type { Schema } from './schema.js';

/** Makes the store's own data key when there is none yet. */
export async function ensureStoreKey(db: Kysely<Schema>, masterKey: Buffer): Promise<void> {
  await db
    .insertInto('store_key')
    .values({ id: 1, sealed_key: sealStoreKey(masterKey, newKey()) })
    .onConflict(conflict => conflict.doNothing())
    .execute();
}

/** The store's own data key; throws when the master key is another than that of the data. */
export async function openStoreKey(db: Kysely<Schema>, masterKey: Buffer): Promise<Buffer> {
  const { sealed_key } = await db.selectFrom('store_key').select('sealed_key').executeTakeFirstOrThrow();
  return unsealStoreKey(masterKey, sealed_key);
}
