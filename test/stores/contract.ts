import type { Kysely } from 'kysely';
import { describe } from 'vitest';
import type { Schema } from '../../src/stores/schema.js';
import type { Store } from '../../src/stores/store.js';
import { changeContract } from './contract/changes.js';
import { credentialContract } from './contract/credentials.js';
import { instanceContract } from './contract/instances.js';
import { requestContract } from './contract/requests.js';
import { sealingContract } from './contract/sealing.js';
import { tokenContract } from './contract/tokens.js';

/** Data of one engine, empty at first. */
export type Data = {
  /** Opens a store over the data; it is closed after the test. The key is MASTER_KEY if none is given. */
  open(masterKey?: Buffer): Promise<Store>;
  /** Changes the data past the store, while no store is open. */
  edit(change: (db: Kysely<Schema>) => Promise<unknown>): Promise<void>;
};

/** What every engine promises. `newData` is called once in each test. */
export function storeContract(newData: () => Data): void {
  describe('instances', () => instanceContract(newData));
  describe('credentials', () => credentialContract(newData));
  describe('the sealing of secrets', () => sealingContract(newData));
  describe('the history of changes', () => changeContract(newData));
  describe('tokens', () => tokenContract(newData));
  describe('answered requests', () => requestContract(newData));
}
