import { describe } from 'vitest';
import { applyContract } from './contract/applies.js';
import { changeContract } from './contract/changes.js';
import { credentialContract } from './contract/credentials.js';
import type { Data } from './contract/data.js';
import { instanceContract } from './contract/instances.js';
import { requestContract } from './contract/requests.js';
import { sealingContract } from './contract/sealing.js';
import { tokenRowContract } from './contract/token-rows.js';
import { tokenContract } from './contract/tokens.js';
import { versionContract } from './contract/versions.js';

/** What every engine promises. `newData` is called once in each test. */
export function storeContract(newData: () => Data): void {
  describe('instances', () => instanceContract(newData));
  describe('credentials', () => credentialContract(newData));
  describe('the sealing of secrets', () => sealingContract(newData));
  describe('the history of changes', () => changeContract(newData));
  describe('tokens', () => tokenContract(newData));
  describe('the rows of tokens', () => tokenRowContract(newData));
  describe('answered requests', () => requestContract(newData));
  describe('updates of many instances', () => applyContract(newData));
  describe('client versions', () => versionContract(newData));
}
