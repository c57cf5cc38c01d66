import { describe, expect, test } from 'vitest';
import {
  confirmationCode,
  isCommittedTo,
  isProven,
  openPairingRequest,
  primaryIdentity,
  readPrologue,
} from '../../../src/simulator/phone/primary-session.js';
import { PASSKEY_VECTORS } from '../../support/passkey-vectors.js';

const { companion, primary, secret, prologue: payload, proof, code, pairingRequest } = PASSKEY_VECTORS;
const session = { pair: { private: primary.privateKey, public: primary.publicKey }, nonce: primary.nonce };
const prologue = () => {
  const read = readPrologue(payload);
  if (!read) throw new Error('no prologue');
  return read;
};
const other = Buffer.alloc(32, 99);

describe('the phone of an account with a passkey, with the values worked out elsewhere', () => {
  test('reads the prologue of the client', () => {
    expect(prologue()).toMatchObject({ publicKey: companion.publicKey, deviceType: 1, ref: companion.ref });
    expect(readPrologue(payload.subarray(0, -1))).toBeUndefined();
    expect(readPrologue(Buffer.of())).toBeUndefined();
  });

  test('knows a client that knows its secret, and takes no other nonce than was promised', () => {
    expect(isProven(prologue(), proof, secret.old)).toBe(true);
    expect(isProven(prologue(), proof, secret.fresh)).toBe(false);
    expect(isProven(prologue(), other, secret.old)).toBe(false);
    expect(isCommittedTo(prologue(), companion.nonce)).toBe(true);
    expect(isCommittedTo(prologue(), other)).toBe(false);
  });

  test('introduces itself, and shows the code', () => {
    expect(primaryIdentity(session)).toEqual(primary.identity);
    expect(confirmationCode(session, companion.nonce)).toBe(code);
  });

  test('opens what the client sealed for it, and nothing else', () => {
    expect(openPairingRequest(session, prologue(), pairingRequest)).toEqual({
      noiseKey: companion.noiseKey,
      identityKey: companion.identityKey,
      advSecret: secret.fresh,
    });
    const changed = Buffer.from(pairingRequest).fill(0, 10, 11);
    expect(openPairingRequest(session, prologue(), changed)).toBeUndefined();
    expect(openPairingRequest(session, { ...prologue(), ref: '2@other' }, pairingRequest)).toBeUndefined();
  });
});
