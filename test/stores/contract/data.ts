import type { Kysely } from 'kysely';
import type { Store } from '../../../src/stores/store.js';
import type { Schema } from '../../../src/stores/tables/schema.js';

/** Data of one engine, empty at first. */
export type Data = {
  /** Opens a store over the data; it is closed after the test. The key is MASTER_KEY if none is given. */
  open(masterKey?: Buffer, previousMasterKey?: Buffer): Promise<Store>;
  /** Changes the data past the store, while no store is open. */
  edit(change: (db: Kysely<Schema>) => Promise<unknown>): Promise<void>;
  /** The ids of tokens that the stores found edited. */
  readonly editedTokens: readonly string[];
};
