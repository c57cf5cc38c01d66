import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Curve, type KeyPair } from '@whiskeysockets/baileys';

const P = 2n ** 255n - 19n;
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ED25519_PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');

/** A Curve25519 key pair as WhatsApp uses it, for agreement and for XEdDSA signatures. */
export const newKeyPair = (): KeyPair => Curve.generateKeyPair();

/** The pair that belongs to a private key of 32 bytes. */
export function keyPairOf(privateKey: Buffer): KeyPair {
  const key = createPrivateKey({
    key: Buffer.concat([X25519_PRIVATE, privateKey]),
    format: 'der',
    type: 'pkcs8',
  });
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { private: privateKey, public: der.subarray(-32) };
}

/** Signs with an X25519 private key, as XEdDSA in the variant of libsignal (sign bit in the signature). */
export const sign = (key: KeyPair, message: Uint8Array): Buffer =>
  Buffer.from(Curve.sign(key.private, message));

/** Whether the signature is true. Baileys' own `Curve.verify` accepts any 64 bytes. */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const signatureBytes = Buffer.from(signature);
  const last = signatureBytes[63] ?? 0;
  signatureBytes[63] = last & 0x7f;
  return verify(null, message, edwardsKey(publicKey, (last & 0x80) !== 0), signatureBytes);
}

/** The Edwards form y = (u - 1) / (u + 1) of a Montgomery key, as an Ed25519 key. */
function edwardsKey(publicKey: Uint8Array, signBit: boolean): KeyObject {
  const u = BigInt(`0x${Buffer.from(publicKey).reverse().toString('hex')}`) % 2n ** 255n;
  const y = (((u - 1n + P) % P) * inverse((u + 1n) % P)) % P;
  const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
  if (signBit) bytes[31] = (bytes[31] ?? 0) | 0x80;
  return createPublicKey({ key: Buffer.concat([ED25519_PUBLIC, bytes]), format: 'der', type: 'spki' });
}

function inverse(value: bigint): bigint {
  let result = 1n;
  for (let base = value, exponent = P - 2n; exponent > 0n; exponent >>= 1n, base = (base * base) % P) {
    if (exponent & 1n) result = (result * base) % P;
  }
  return result;
}
