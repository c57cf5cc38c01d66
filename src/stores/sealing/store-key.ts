import { hkdfSync } from 'node:crypto';
import { isSealedWith, type Label, seal, unseal } from './envelope.js';

/**
 * Of the store's own data key. Its id says that token rows have MACs: sealed like this, a database cannot be made to
 * pass for an older one, whose rows get theirs whatever they say.
 */
const LABEL: Label = { kind: 'store key', instance: '', id: 'token rows have MACs' };
const LABEL_BEFORE_MACS: Label = { kind: 'store key', instance: '' };

/** The store's own data key as it is stored. */
export const sealStoreKey = (masterKey: Buffer, storeKey: Buffer): Buffer => seal(masterKey, LABEL, storeKey);

/**
 * The store's own data key; throws when the master key is another than that of the data. It outlives a change of the
 * master key, and so does all that is sealed with it or derived from it.
 */
export const unsealStoreKey = (masterKey: Buffer, sealed: Buffer): Buffer => open(masterKey, LABEL, sealed);

/** The same of data that may be under one of several master keys. */
export const openStoreKeyOf = (masterKeys: readonly Buffer[], sealed: Buffer): Buffer =>
  unsealStoreKey(masterKeys.find(key => isSealedWith(key, sealed)) ?? Buffer.alloc(0), sealed);

/** That of a database whose token rows have no MACs yet, and what is stored in its place once they have. */
export function renewStoreKey(
  masterKeys: readonly Buffer[],
  sealed: Buffer,
): { storeKey: Buffer; resealed: Buffer } {
  const masterKey = masterKeys.find(key => isSealedWith(key, sealed)) ?? Buffer.alloc(0);
  const storeKey = open(masterKey, LABEL_BEFORE_MACS, sealed);
  return { storeKey, resealed: sealStoreKey(masterKey, storeKey) };
}

/** Whether one of these master keys is that of the data, also of a version before MACs; throws when it is damaged. */
export function fitsStoreKey(masterKeys: readonly Buffer[], sealed: Buffer): boolean {
  const masterKey = masterKeys.find(key => isSealedWith(key, sealed));
  if (masterKey === undefined) return false;
  try {
    unsealStoreKey(masterKey, sealed);
  } catch {
    open(masterKey, LABEL_BEFORE_MACS, sealed);
  }
  return true;
}

function open(masterKey: Buffer, label: Label, sealed: Buffer): Buffer {
  if (!isSealedWith(masterKey, sealed))
    throw new Error('The master key is not the one that this data was written with');
  return unseal(masterKey, label, sealed);
}

/** Derives a key with HKDF-SHA-256. */
export const deriveKey = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
