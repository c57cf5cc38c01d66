import { createHmac, hash, randomBytes } from 'node:crypto';
import {
  aesEncryptGCM,
  bytesToCrockford,
  Curve,
  getCompanionPlatformId,
  hkdf,
  type KeyPair,
  proto,
} from '@whiskeysockets/baileys';
import { BROWSER } from '../baileys/light-socket.js';

/*
 * The key exchange with the phone of an account that has a passkey (whatsmeow `pair-passkey.go`, zapo
 * `WaShortcakeFlow.ts` and whatsapp-rust `shortcake.rs` agree on every byte): each side commits itself to a nonce before it
 * knows the other's, both show a code made of them, and the companion seals its keys for the phone.
 */

/** This side of an exchange: made anew for each. */
export type CompanionSession = {
  readonly ephemeral: KeyPair;
  readonly nonce: Buffer;
  /** WhatsApp's reference for this exchange. */
  readonly ref: string;
  /** `ProloguePayload`: who we are in it, and the commitment to the nonce. */
  readonly prologue: Buffer;
};

/** The phone's side. */
export type PrimaryIdentity = { readonly publicKey: Buffer; readonly nonce: Buffer };

/** What the phone is to sign and to seal the link with. */
export type OwnKeys = {
  readonly noiseKey: Uint8Array;
  readonly identityKey: Uint8Array;
  readonly advSecret: Uint8Array;
};

/** The platform of the registration and of the QR: the key depends on it. */
const DEVICE_TYPE = Number(getCompanionPlatformId(BROWSER));

export function newCompanionSession(
  ref: string,
  ephemeral: KeyPair = Curve.generateKeyPair(),
  nonce: Buffer = randomBytes(32),
): CompanionSession {
  const { public: publicKey } = ephemeral;
  const identity = proto.CompanionEphemeralIdentity.encode({
    publicKey,
    deviceType: DEVICE_TYPE,
    ref,
  }).finish();
  const prologue = proto.ProloguePayload.encode({
    companionEphemeralIdentity: identity,
    commitment: { hash: sha256(identity, nonce) },
  }).finish();
  return { ephemeral, nonce, ref, prologue: Buffer.from(prologue) };
}

/** Shows the phone that we know the secret it has scanned, or agreed on with us by a code. */
export const handoffProof = (advSecret: Uint8Array, prologue: Uint8Array): Buffer =>
  createHmac('sha256', hkdf(advSecret, 32, { info: 'shortcake-passkey-handoff-v1' }))
    .update(prologue)
    .digest();

/** Undefined unless both parts have their length. */
export function parsePrimaryIdentity(bytes: Uint8Array): PrimaryIdentity | undefined {
  try {
    const { publicKey, nonce } = proto.PrimaryEphemeralIdentity.decode(bytes);
    if (publicKey?.length !== 32 || nonce?.length !== 32) return undefined;
    return { publicKey: Buffer.from(publicKey), nonce: Buffer.from(nonce) };
  } catch {
    return undefined;
  }
}

/** What both sides show, unless somebody stands between them. */
export function confirmationCode({ nonce }: CompanionSession, primary: PrimaryIdentity): string {
  const digest = sha256(nonce, primary.publicKey);
  return bytesToCrockford(
    Buffer.from(primary.nonce.subarray(0, 5).map((byte, at) => byte ^ (digest[at] ?? 0))),
  );
}

/** `EncryptedPairingRequest`: our keys, and the secret that the phone signs with, for the phone alone. */
export function sealPairingRequest(
  { ephemeral, ref }: CompanionSession,
  { publicKey }: PrimaryIdentity,
  { noiseKey, identityKey, advSecret }: OwnKeys,
  iv: Buffer = randomBytes(12),
): Buffer {
  const key = hkdf(Curve.sharedKey(ephemeral.private, publicKey), 32, {
    salt: Buffer.from(`Companion Pairing ${DEVICE_TYPE} with ref ${ref}`),
    info: 'Pairing Information Encryption Key',
  });
  const request = proto.PairingRequest.encode({
    companionPublicKey: noiseKey,
    companionIdentityKey: identityKey,
    advSecret,
  }).finish();
  const encryptedPayload = aesEncryptGCM(request, key, iv, Buffer.alloc(0));
  return Buffer.from(proto.EncryptedPairingRequest.encode({ encryptedPayload, iv }).finish());
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');
