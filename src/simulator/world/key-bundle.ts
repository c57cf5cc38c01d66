import { createHash } from 'node:crypto';
import { type BinaryNode, bytesOf, child, children, node } from '../wire/stanza.js';
import { isSignedBy } from '../wire/xeddsa.js';

/** The public Signal keys of a device, as it registered and uploaded them. */
export type KeyBundle = {
  readonly registrationId: Buffer;
  readonly identityKey: Buffer;
  signedPreKey: SignedPreKey;
  /** Id (three bytes, as a number) to public key. */
  readonly preKeys: Map<number, Buffer>;
};

export type SignedPreKey = { readonly id: Buffer; readonly key: Buffer; readonly signature: Buffer };

/** Marks a Curve25519 key, in stanzas as `<type>` and before keys that are signed. */
export const KEY_TYPE = Buffer.from([5]);

export const isSignedPreKeyValid = (identityKey: Buffer, { key, signature }: SignedPreKey): boolean =>
  isSignedBy(identityKey, Buffer.concat([KEY_TYPE, key]), signature);

/** Reads `<skey><id/><value/><signature/></skey>`. */
export const readSignedPreKey = (skey: BinaryNode | undefined): SignedPreKey => ({
  id: bytesOf(child(skey, 'id')),
  key: bytesOf(child(skey, 'value')),
  signature: bytesOf(child(skey, 'signature')),
});

/** Reads `<list><key><id/><value/></key>…</list>`; undefined when a key is malformed. */
export function readPreKeys(list: BinaryNode | undefined): Map<number, Buffer> | undefined {
  const keys = children(list, 'key').map(key => ({
    id: bytesOf(child(key, 'id')),
    value: bytesOf(child(key, 'value')),
  }));
  if (!keys.length || keys.some(({ id, value }) => id.length !== 3 || value.length !== 32)) return undefined;
  return new Map(keys.map(({ id, value }) => [id.readUIntBE(0, 3), value]));
}

/**
 * What a device compares with its own keys after login. The hash is SHA-1 over identity key, signed pre-key, its
 * signature and the listed pre-keys (zapo, `SignalDigestSyncApi.ts`).
 */
export function digestNode({ registrationId, identityKey, signedPreKey, preKeys }: KeyBundle): BinaryNode {
  const hash = createHash('sha1').update(identityKey).update(signedPreKey.key).update(signedPreKey.signature);
  for (const key of preKeys.values()) hash.update(key);
  return node('digest', {}, [
    node('registration', {}, registrationId),
    node('type', {}, KEY_TYPE),
    node('identity', {}, identityKey),
    node('skey', {}, [
      node('id', {}, signedPreKey.id),
      node('value', {}, signedPreKey.key),
      node('signature', {}, signedPreKey.signature),
    ]),
    node(
      'list',
      {},
      [...preKeys.keys()].map(id => node('id', {}, threeBytes(id))),
    ),
    node('hash', {}, hash.digest()),
  ]);
}

function threeBytes(value: number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntBE(value, 0, 3);
  return bytes;
}
