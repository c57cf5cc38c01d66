import { createHmac, randomInt } from 'node:crypto';
import { type KeyPair, proto } from '@whiskeysockets/baileys';
import { wallMs } from '../../domain/time/wall-time.js';
import { isSignedBy, newKeyPair, sign } from '../wire/xeddsa.js';
import type { Behaviour } from '../world/behaviour.js';

const ACCOUNT_SIGNATURE = Buffer.from([6, 0]);
const DEVICE_SIGNATURE = Buffer.from([6, 1]);

/** The identity a phone gives to a companion, and the check of what the companion makes of it. */
export type DeviceIdentity = {
  /** The content of `<device-identity>` in `pair-success`. */
  readonly sealed: Buffer;
  /** Whether the companion signed this very identity with its own identity key. */
  isConfirmedBy(signedIdentity: Buffer): boolean;
};

/**
 * Signs the companion's identity key with the phone's, and seals it with the adv secret the phone knows from the QR
 * or the pairing code (`configureSuccessfulPairing` in Baileys, `pair.go` in whatsmeow).
 */
export function deviceIdentity(
  phone: KeyPair,
  companionKey: Buffer,
  advSecret: Buffer,
  keyIndex: number,
  honesty: Behaviour['pairSuccess'],
): DeviceIdentity {
  const details = Buffer.from(
    proto.ADVDeviceIdentity.encode({
      rawId: randomInt(2 ** 31),
      timestamp: Math.floor(wallMs() / 1000),
      keyIndex,
      accountType: proto.ADVEncryptionType.E2EE,
      deviceType: proto.ADVEncryptionType.E2EE,
    }).finish(),
  );
  const signer = honesty === 'wrong_account_signature' ? newKeyPair() : phone;
  const accountSignature = sign(signer, Buffer.concat([ACCOUNT_SIGNATURE, details, companionKey]));
  const accountSignatureKey = Buffer.from(phone.public);
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey,
    accountSignature,
  }).finish();
  const secret = honesty === 'wrong_hmac' ? Buffer.alloc(32) : advSecret;
  const hmac = createHmac('sha256', secret).update(signed).digest();

  return {
    sealed: Buffer.from(proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()),
    isConfirmedBy(signedIdentity) {
      const answer = decoded(signedIdentity);
      return (
        answer !== undefined &&
        details.equals(answer.details ?? Buffer.alloc(0)) &&
        accountSignature.equals(answer.accountSignature ?? Buffer.alloc(0)) &&
        isSignedBy(
          companionKey,
          Buffer.concat([DEVICE_SIGNATURE, details, companionKey, accountSignatureKey]),
          answer.deviceSignature ?? Buffer.alloc(0),
        )
      );
    },
  };
}

function decoded(signedIdentity: Buffer): proto.ADVSignedDeviceIdentity | undefined {
  try {
    return proto.ADVSignedDeviceIdentity.decode(signedIdentity);
  } catch {
    return undefined;
  }
}
