// 0.1: labels of instances, and tokens that are limited to a selector of them.
import type { Kysely } from 'kysely';
import { sealLabels } from '../../sealing/labels.js';
import { openStoreKeyOf } from '../../sealing/store-key.js';

type Tables = {
  store_key: { sealed_key: Buffer };
  instance: { name: string; sealed_labels: Buffer };
};

/** Each row gets its labels, none at first: a row without would be one whose labels somebody took away. */
export const up = (masterKeys: readonly Buffer[]) => async (db: Kysely<Tables>) => {
  await db.schema.alterTable('instance').addColumn('sealed_labels', 'bytea').execute();
  await db.schema.alterTable('token').addColumn('label_selector', 'text').execute();
  const store = await db.selectFrom('store_key').select('sealed_key').executeTakeFirst();
  if (store === undefined) return; // New: there are no instances yet.
  const storeKey = openStoreKeyOf(masterKeys, store.sealed_key);
  for (const { name } of await db.selectFrom('instance').select('name').execute())
    await db
      .updateTable('instance')
      .set({ sealed_labels: sealLabels(storeKey, name, {}) })
      .where('name', '=', name)
      .execute();
};
