// 0.1: token rows under a MAC.
import type { Kysely } from 'kysely';
import { renewStoreKey } from '../../sealing/store-key.js';
import { type TokenColumns, tokenMacs } from '../../sealing/token-mac.js';

type Tables = {
  store_key: { sealed_key: Buffer };
  token: TokenColumns & { mac: Buffer };
};

/** Takes the rows at their word: who edited one before is not found out. */
export const up = (masterKeys: readonly Buffer[]) => async (db: Kysely<Tables>) => {
  await db.schema.alterTable('token').addColumn('mac', 'bytea').execute();
  const store = await db.selectFrom('store_key').select('sealed_key').executeTakeFirst();
  if (store === undefined) return; // New: there are no tokens yet.
  const { storeKey, resealed } = renewStoreKey(masterKeys, store.sealed_key);
  await db.updateTable('store_key').set({ sealed_key: resealed }).execute();
  const macOf = tokenMacs(storeKey);
  for (const row of await db.selectFrom('token').selectAll().execute())
    await db
      .updateTable('token')
      .set({ mac: macOf(row) })
      .where('id', '=', row.id)
      .execute();
};
