import { createDecipheriv, createHmac, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { bytesToCrockford, Curve, type KeyPair, proto } from '@whiskeysockets/baileys';
import { newKeyPair } from '../wire/xeddsa.js';

/** What a client says of itself before it knows the phone's key (whatsmeow `pair-passkey.go`, zapo, whatsapp-rust agree). */
export type Prologue = {
  /** As sent: what the proof is about. */
  readonly payload: Buffer;
  /** `CompanionEphemeralIdentity` as sent: what the commitment is about. */
  readonly identity: Buffer;
  readonly publicKey: Buffer;
  readonly deviceType: number;
  readonly ref: string;
  /** SHA-256 of identity and nonce. */
  readonly commitment: Buffer;
};

/** The phone's half of the key exchange. */
export type PrimarySession = { readonly pair: KeyPair; readonly nonce: Buffer };

/** What the client seals for the phone. */
export type PairingRequest = {
  readonly noiseKey: Buffer;
  readonly identityKey: Buffer;
  readonly advSecret: Buffer;
};

export const newPrimarySession = (): PrimarySession => ({ pair: newKeyPair(), nonce: randomBytes(32) });

/** Undefined for what is no prologue. */
export function readPrologue(payload: Buffer): Prologue | undefined {
  try {
    const { companionEphemeralIdentity, commitment } = proto.ProloguePayload.decode(payload);
    const identity = Buffer.from(companionEphemeralIdentity ?? []);
    const { publicKey, deviceType, ref } = proto.CompanionEphemeralIdentity.decode(identity);
    const read = { publicKey: Buffer.from(publicKey ?? []), commitment: Buffer.from(commitment?.hash ?? []) };
    if (read.publicKey.length !== 32 || read.commitment.length !== 32 || !ref || !deviceType)
      return undefined;
    return { payload, identity, deviceType, ref, ...read };
  } catch {
    return undefined;
  }
}

/** Whether the client knows the secret that the phone has from the QR or the code. */
export function isProven({ payload }: Prologue, proof: Buffer, advSecret: Buffer): boolean {
  const key = Buffer.from(hkdfSync('sha256', advSecret, '', 'shortcake-passkey-handoff-v1', 32));
  const expected = createHmac('sha256', key).update(payload).digest();
  return proof.length === 32 && timingSafeEqual(proof, expected);
}

/** Whether this is the nonce that the client had committed itself to. */
export const isCommittedTo = ({ identity, commitment }: Prologue, nonce: Buffer): boolean =>
  hash('sha256', Buffer.concat([identity, nonce]), 'buffer').equals(commitment);

/** What the phone shows, for its owner to compare with what the client shows. */
export function confirmationCode({ pair, nonce }: PrimarySession, companionNonce: Buffer): string {
  const digest = hash('sha256', Buffer.concat([companionNonce, pair.public]), 'buffer');
  return bytesToCrockford(
    Buffer.from(digest.subarray(0, 5).map((byte, index) => byte ^ (nonce[index] ?? 0))),
  );
}

export const primaryIdentity = ({ pair, nonce }: PrimarySession): Buffer =>
  Buffer.from(proto.PrimaryEphemeralIdentity.encode({ publicKey: pair.public, nonce }).finish());

/** Opens what was sealed for this phone; undefined when it was not, or is not whole. */
export function openPairingRequest(
  { pair }: PrimarySession,
  { publicKey, deviceType, ref }: Prologue,
  sealed: Buffer,
): PairingRequest | undefined {
  const shared = Curve.sharedKey(pair.private, publicKey);
  const salt = `Companion Pairing ${deviceType} with ref ${ref}`;
  const key = Buffer.from(hkdfSync('sha256', shared, salt, 'Pairing Information Encryption Key', 32));
  try {
    const { encryptedPayload, iv } = proto.EncryptedPairingRequest.decode(sealed);
    const bytes = Buffer.from(encryptedPayload ?? []);
    const decipher = createDecipheriv('aes-256-gcm', key, iv ?? Buffer.of()).setAuthTag(bytes.subarray(-16));
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
    const { companionPublicKey, companionIdentityKey, advSecret } = proto.PairingRequest.decode(plain);
    const request = {
      noiseKey: Buffer.from(companionPublicKey ?? []),
      identityKey: Buffer.from(companionIdentityKey ?? []),
      advSecret: Buffer.from(advSecret ?? []),
    };
    return Object.values(request).every(({ length }) => length === 32) ? request : undefined;
  } catch {
    return undefined;
  }
}
