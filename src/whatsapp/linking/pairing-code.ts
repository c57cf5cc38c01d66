import { randomBytes } from 'node:crypto';
import {
  type AuthenticationCreds,
  aesDecryptCTR,
  aesEncryptCTR,
  aesEncryptGCM,
  type BinaryNode,
  bytesToCrockford,
  Curve,
  derivePairingCodeKey,
  getCompanionPlatformId,
  hkdf,
  jidEncode,
  type KeyPair,
} from '@whiskeysockets/baileys';
import { BROWSER } from '../baileys/light-socket.js';
import { bytesOf, childOf, iqStanza } from '../connection/nodes.js';

/*
 * Linking with a code that is typed into the phone (Baileys' `requestPairingCode`; whatsmeow `pair-code.go`):
 *
 * we       <iq type="set" xmlns="md"><link_code_companion_reg stage="companion_hello" jid>…</link_code_companion_reg></iq>
 * answer   <iq type="result"><link_code_companion_reg><link_code_pairing_ref/></link_code_companion_reg></iq>
 * typed    <notification type="link_code_companion_reg"><link_code_companion_reg stage="primary_hello">…
 * we       <iq type="set" xmlns="md"><link_code_companion_reg stage="companion_finish" jid>…
 * then     pair-success, as with a QR code, by the secret both sides derived
 *
 * or       <notification type="link_code_companion_reg"><link_code_companion_reg stage="refresh_code">…: show a new code
 */

/** A code on show, and the key it protects. */
export type PairingCode = {
  /** 8 characters. */
  readonly code: string;
  readonly ephemeral: KeyPair;
};

export const newPairingCode = (): PairingCode => ({
  code: bytesToCrockford(randomBytes(5)),
  ephemeral: Curve.generateKeyPair(),
});

/** Announces a code for the phone with this number, E.164. */
export async function helloStanza(
  { code, ephemeral }: PairingCode,
  phoneNumber: string,
  { noiseKey }: AuthenticationCreds,
): Promise<BinaryNode> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const sealed = aesEncryptCTR(ephemeral.public, await derivePairingCodeKey(code, salt), iv);
  return registrationIq(
    phoneNumber,
    { stage: 'companion_hello', should_show_push_notification: 'true' },
    {
      link_code_pairing_wrapped_companion_ephemeral_pub: Buffer.concat([salt, iv, sealed]),
      companion_server_auth_key_pub: noiseKey.public,
      companion_platform_id: getCompanionPlatformId(BROWSER),
      companion_platform_display: `${BROWSER[1]} (${BROWSER[0]})`,
      link_code_pairing_nonce: '0',
    },
  );
}

/** What the phone sends when a code was typed into it. */
export type PrimaryHello = {
  readonly ref: Buffer;
  readonly identity: Buffer;
  readonly sealedEphemeral: Buffer;
};

/** Undefined when a part is missing or has another length. */
export function parsePrimaryHello(registration: BinaryNode): PrimaryHello | undefined {
  const ref = bytesOf(registration, 'link_code_pairing_ref');
  const identity = bytesOf(registration, 'primary_identity_pub');
  const sealedEphemeral = bytesOf(registration, 'link_code_pairing_wrapped_primary_ephemeral_pub');
  if (!ref || identity?.length !== 32 || sealedEphemeral?.length !== 80) return undefined;
  return { ref, identity, sealedEphemeral };
}

/** The answer to the phone, and the secret both sides now share, with which it signs the link. */
export async function finishStanza(
  { code, ephemeral }: PairingCode,
  phoneNumber: string,
  { signedIdentityKey }: AuthenticationCreds,
  { ref, identity, sealedEphemeral }: PrimaryHello,
): Promise<{ stanza: BinaryNode; advSecretKey: string }> {
  const codeKey = await derivePairingCodeKey(code, sealedEphemeral.subarray(0, 32));
  const phoneEphemeral = aesDecryptCTR(
    sealedEphemeral.subarray(48),
    codeKey,
    sealedEphemeral.subarray(32, 48),
  );
  const shared = Curve.sharedKey(ephemeral.private, phoneEphemeral);
  const random = randomBytes(32);

  const salt = randomBytes(32);
  const iv = randomBytes(12);
  const bundleKey = hkdf(shared, 32, { salt, info: 'link_code_pairing_key_bundle_encryption_key' });
  const bundle = Buffer.concat([signedIdentityKey.public, identity, random]);
  const sealed = aesEncryptGCM(bundle, bundleKey, iv, Buffer.alloc(0));

  const identityShared = Curve.sharedKey(signedIdentityKey.private, identity);
  const secret = hkdf(Buffer.concat([shared, identityShared, random]), 32, { info: 'adv_secret' });
  return {
    stanza: registrationIq(
      phoneNumber,
      { stage: 'companion_finish' },
      {
        link_code_pairing_wrapped_key_bundle: Buffer.concat([salt, iv, sealed]),
        companion_identity_public: signedIdentityKey.public,
        link_code_pairing_ref: ref,
      },
    ),
    advSecretKey: Buffer.from(secret).toString('base64'),
  };
}

/** The reference WhatsApp gave a code with its answer to the hello. */
export const refOf = (answer: BinaryNode): Buffer | undefined => {
  const registration = childOf(answer, 'link_code_companion_reg');
  return registration && bytesOf(registration, 'link_code_pairing_ref');
};

const registrationIq = (
  phoneNumber: string,
  attrs: Record<string, string>,
  parts: Record<string, string | Uint8Array>,
): BinaryNode =>
  iqStanza('set', 'md', {
    tag: 'link_code_companion_reg',
    attrs: { jid: jidEncode(phoneNumber.replace(/\D/g, ''), 's.whatsapp.net'), ...attrs },
    content: Object.entries(parts).map(([tag, content]) => ({ tag, attrs: {}, content })),
  });
