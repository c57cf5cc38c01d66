import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Keys of 32 bytes each. */
type KeyBytes = { readonly private: Buffer; readonly public: Buffer };

// To make a key of bytes takes Node longer than to agree by it. A handshake uses most of its keys twice, and the key
// in the server's certificate is that of all handshakes.
const fresh = new WeakMap<Uint8Array, KeyObject>();
const shown = new LRUCache<string, KeyObject>({ max: 16 });

/** A new pair of Curve25519 keys. */
export function generateKeyPair(): KeyBytes {
  const { privateKey } = generateKeyPairSync('x25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const bytes = { private: Buffer.from(d, 'base64url'), public: Buffer.from(x, 'base64url') };
  fresh.set(bytes.private, privateKey);
  return bytes;
}

/**
 * X25519: what the owner of one key and that of the other both know.
 *
 * @param publicKey 32 bytes, or 33 with Signal's leading type byte 5
 * @throws Error when a key is none, and when nothing would be secret about the result
 */
export function sharedKey(privateKey: Uint8Array, publicKey: Uint8Array): Buffer<ArrayBuffer> {
  const plain = publicKey.length === 33 && publicKey[0] === 5 ? publicKey.subarray(1) : publicKey;
  const own = fresh.get(privateKey) ?? privateFrom(privateKey);
  return Buffer.from(diffieHellman({ privateKey: own, publicKey: publicFrom(plain) }));
}

function privateFrom(bytes: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([X25519_PKCS8, bytes]), format: 'der', type: 'pkcs8' });
}

function publicFrom(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url');
  const key = shown.get(x) ?? createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  shown.set(x, key);
  return key;
}

const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
