import { describe, expect, test } from 'vitest';
import {
  confirmationCode,
  handoffProof,
  newCompanionSession,
  parsePrimaryIdentity,
  sealPairingRequest,
} from '../../../src/whatsapp/linking/passkey-session.js';
import { PASSKEY_VECTORS } from '../../support/passkey-vectors.js';

const { companion, primary, secret, prologue, proof, code, iv, pairingRequest } = PASSKEY_VECTORS;
const { noiseKey, identityKey } = companion;
const session = newCompanionSession(
  companion.ref,
  { private: companion.privateKey, public: companion.publicKey },
  companion.nonce,
);

describe('the key exchange with a phone, with the values worked out elsewhere', () => {
  test('begins with who we are and the commitment to a nonce', () => {
    expect(session.prologue).toEqual(prologue);
  });

  test('proves that the secret is known', () => {
    expect(handoffProof(secret.old, prologue)).toEqual(proof);
  });

  test('takes the part of the phone, and none that is not whole', () => {
    expect(parsePrimaryIdentity(primary.identity)).toEqual({
      publicKey: primary.publicKey,
      nonce: primary.nonce,
    });
    for (const bytes of [Buffer.of(), Buffer.from([0x0a, 0x20]), primary.identity.subarray(0, 34)])
      expect(parsePrimaryIdentity(bytes)).toBeUndefined();
    const short = Buffer.concat([
      primary.identity.subarray(0, 34),
      Buffer.from([0x12, 31]),
      Buffer.alloc(31),
    ]);
    expect(parsePrimaryIdentity(short)).toBeUndefined();
  });

  test('ends in the code and in the sealed keys', () => {
    expect(confirmationCode(session, primary)).toBe(code);
    const keys = { noiseKey, identityKey, advSecret: secret.fresh };
    expect(sealPairingRequest(session, primary, keys, iv)).toEqual(pairingRequest);
  });

  test('is another one each time', () => {
    const [one, other] = [newCompanionSession('ref'), newCompanionSession('ref')];
    expect(one.nonce).not.toEqual(other.nonce);
    expect(one.ephemeral.private).not.toEqual(other.ephemeral.private);
  });
});
