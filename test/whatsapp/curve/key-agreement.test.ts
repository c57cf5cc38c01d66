import { randomBytes } from 'node:crypto';
import { generateSignalPubKey } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { generateKeyPair, sharedKey } from '../../../src/whatsapp/curve/key-agreement.js';

const P = 2n ** 255n - 19n;
const BASE = Buffer.from('09'.padEnd(64, '0'), 'hex');
const hex = (text: string) => Buffer.from(text, 'hex');
const numberIn = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const bytesOf = (value: bigint) => hex(value.toString(16).padStart(64, '0')).reverse();

/** RFC 7748, section 5, by the letter: slow, and nothing but numbers. */
function ladder(scalar: Uint8Array, point: Uint8Array): Buffer {
  const k = (numberIn(scalar) & (2n ** 255n - 8n)) | (1n << 254n);
  const u = numberIn(point) % 2n ** 255n;
  const mod = (value: bigint) => ((value % P) + P) % P;
  let [x2, z2, x3, z3] = [1n, 0n, u, 1n];
  for (let bit = 254n; bit >= 0n; bit--) {
    const isSet = (k >> bit) & 1n;
    if (isSet) [x2, z2, x3, z3] = [x3, z3, x2, z2];
    const [a, b, c, d] = [mod(x2 + z2), mod(x2 - z2), mod(x3 + z3), mod(x3 - z3)];
    const [aa, bb, da, cb] = [mod(a * a), mod(b * b), mod(d * a), mod(c * b)];
    const e = mod(aa - bb);
    [x3, z3] = [mod((da + cb) ** 2n), mod(u * mod((da - cb) ** 2n))];
    [x2, z2] = [mod(aa * bb), mod(e * (aa + 121665n * e))];
    if (isSet) [x2, z2, x3, z3] = [x3, z3, x2, z2];
  }
  let inverse = 1n;
  for (let [exponent, square] = [P - 2n, z2]; exponent > 0n; exponent >>= 1n, square = mod(square * square))
    if (exponent & 1n) inverse = mod(inverse * square);
  return bytesOf(mod(x2 * inverse));
}

test('agrees as RFC 7748 has it in its examples', () => {
  const scalar = hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
  const point = hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
  const result = 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552';
  expect(sharedKey(scalar, point).toString('hex')).toBe(result);
  expect(ladder(scalar, point).toString('hex')).toBe(result);
});

describe('over many random keys', () => {
  const pairs = Array.from({ length: 60 }, generateKeyPair);

  test('agrees as the curve is computed by hand, with keys it made and with bytes it has not seen', () => {
    for (const [index, own] of pairs.entries()) {
      const peer = index % 2 === 0 ? (pairs[index + 1]?.public ?? BASE) : randomBytes(32);
      const expected = ladder(own.private, peer).toString('hex');
      expect(sharedKey(own.private, peer).toString('hex')).toBe(expected);
      expect(sharedKey(Buffer.from(own.private), peer).toString('hex')).toBe(expected);
      expect(sharedKey(own.private, generateSignalPubKey(peer)).toString('hex')).toBe(expected);
    }
  });

  test('makes pairs that belong together, and no two alike', () => {
    for (const pair of pairs) expect(ladder(pair.private, BASE)).toEqual(pair.public);
    expect(new Set(pairs.map(pair => pair.private.toString('hex'))).size).toBe(pairs.length);
  });
});

test('refuses what is no key, and a key that makes nothing secret', () => {
  const { private: own } = generateKeyPair();
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(31, 9), Buffer.alloc(33, 6), Buffer.alloc(32)])
    expect(() => sharedKey(own, bytes)).toThrow();
  expect(() => sharedKey(Buffer.alloc(31), BASE)).toThrow();
});
