import { createPublicKey, verify } from 'node:crypto';

const P = 2n ** 255n - 19n;
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Whether an XEdDSA signature is true: an Ed25519 signature by a Curve25519 key, in libsignal's form, which keeps the
 * sign of the Edwards point in the top bit of the signature. Baileys' own check answers true for any 64 bytes.
 *
 * @param publicKey 32 bytes, or 33 with Signal's leading type byte 5
 */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKey.length === 33 && publicKey[0] === 5 ? publicKey.subarray(1) : publicKey;
  if (key.length !== 32 || signature.length !== 64) return false;
  const last = signature[63] ?? 0;
  const edwards = edwardsOf(key, last >> 7);
  if (!edwards) return false;

  const plain = Buffer.from(signature);
  plain[63] = last & 0x7f;
  const spki = Buffer.concat([ED25519_SPKI, edwards]);
  return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), plain);
}

/** The Edwards form of a Montgomery key, y = (u - 1) / (u + 1); undefined for what is no point. */
function edwardsOf(key: Uint8Array, sign: number): Buffer | undefined {
  const u = BigInt(`0x${Buffer.from(key).reverse().toString('hex')}`);
  if (u >= P - 1n) return undefined;
  const y = ((u - 1n + P) * inverse(u + 1n)) % P;
  const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
  bytes[31] = (bytes[31] ?? 0) | (sign << 7);
  return bytes;
}

/** Fermat: a^(p-2). */
function inverse(a: bigint): bigint {
  let result = 1n;
  let square = a;
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
