import type { Kysely } from 'kysely';
import { dataKeyLabel } from '../../sealing/data-key.js';
import { isSealedWith, seal, unseal } from '../../sealing/envelope.js';
import { sealStoreKey, unsealStoreKey } from '../../sealing/store-key.js';
import type { Atomically } from '../changes.js';
import type { Schema } from '../schema.js';

/**
 * Seals every data key that is under one master key under another, all of them or none; false when they are under
 * another already. What the data keys seal stays as it is. Before anything else uses the store.
 */
export async function changeMasterKey(
  db: Kysely<Schema>,
  atomically: Atomically,
  { from, to }: { from: Buffer; to: Buffer },
): Promise<boolean> {
  const { sealed_key: storeKey } = await db
    .selectFrom('store_key')
    .select('sealed_key')
    .executeTakeFirstOrThrow();
  if (!isSealedWith(from, storeKey)) return false;

  const resealed = ({ instance, sealed_key }: { instance: string; sealed_key: Buffer }): Buffer => {
    try {
      const label = dataKeyLabel(instance);
      return seal(to, label, unseal(from, label, sealed_key));
    } catch {
      return sealed_key; // Damaged, as this instance will say; the others are not.
    }
  };
  const links = await db.selectFrom('credential').select(['instance', 'sealed_key']).execute();
  await atomically([
    db.updateTable('store_key').set({ sealed_key: sealStoreKey(to, unsealStoreKey(from, storeKey)) }),
    ...links.map(link =>
      db
        .updateTable('credential')
        .set({ sealed_key: resealed(link) })
        .where('instance', '=', link.instance),
    ),
  ]);
  return true;
}
