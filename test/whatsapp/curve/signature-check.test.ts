import { randomBytes } from 'node:crypto';
import { Curve, generateSignalPubKey, type KeyPair } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { isSignedBy } from '../../../src/whatsapp/curve/signature-check.js';

const flipped = (bytes: Uint8Array, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};
/** A signature by libsignal, whose answer the check is measured against. */
const signed = (pair: KeyPair = Curve.generateKeyPair(), message = randomBytes(80)) => ({
  key: pair.public,
  message,
  signature: Curve.sign(pair.private, message),
});

describe('a signature that libsignal made', () => {
  const samples = Array.from({ length: 40 }, () => signed());

  test('is true, whichever sign the key has on the Edwards curve', () => {
    for (const { key, message, signature } of samples) {
      expect(isSignedBy(key, message, signature)).toBe(true);
    }
    const signs = new Set(samples.map(({ signature }) => (signature[63] ?? 0) >> 7));
    expect(signs).toEqual(new Set([0, 1]));
  });

  test('is true for the key with its type byte', () => {
    const { key, message, signature } = signed();
    expect(isSignedBy(generateSignalPubKey(key), message, signature)).toBe(true);
    expect(isSignedBy(Buffer.concat([Buffer.of(6), key]), message, signature)).toBe(false);
  });

  test('is false with any bit of it changed', () => {
    const { key, message, signature } = signed();
    for (let bit = 0; bit < 512; bit++) expect(isSignedBy(key, message, flipped(signature, bit))).toBe(false);
  });

  test('is false for another message or another key', () => {
    const { key, message, signature } = signed();
    expect(isSignedBy(key, flipped(message, 7), signature)).toBe(false);
    expect(isSignedBy(key, message.subarray(1), signature)).toBe(false);
    expect(isSignedBy(flipped(key, 9), message, signature)).toBe(false);
    expect(isSignedBy(Curve.generateKeyPair().public, message, signature)).toBe(false);
  });
});

describe('what is no signature', () => {
  test('is false: 64 random bytes, other lengths, keys that are no point', () => {
    const { key, message, signature } = signed();
    expect(isSignedBy(key, message, randomBytes(64))).toBe(false);
    expect(isSignedBy(key, message, Buffer.alloc(64))).toBe(false);
    expect(isSignedBy(key, message, signature.subarray(1))).toBe(false);
    expect(isSignedBy(key, message, Buffer.of())).toBe(false);
    expect(isSignedBy(key.subarray(1), message, signature)).toBe(false);
    expect(isSignedBy(Buffer.alloc(32, 0xff), message, signature)).toBe(false);
    // u = -1, where (u - 1) / (u + 1) does not exist.
    const minusOne = Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex');
    expect(isSignedBy(minusOne, message, signature)).toBe(false);
  });
});
