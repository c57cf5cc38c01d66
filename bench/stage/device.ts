import { decodeCredentials } from '../../src/whatsapp/connection/auth-state.js';
import type { Identity } from './seed.js';

/** A linked account in the words of the program over whatsmeow, as JSON; binary is base64. */
export function deviceOf({ lid, credentials }: Identity): object {
  const { me, account, noiseKey, signedIdentityKey, signedPreKey, ...rest } = decodeCredentials(
    Buffer.from(credentials),
  );
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    jid: me.id,
    lid: `${lid}:${me.id.replace(/.*:(\d+)@.*/, '$1')}@lid`,
    registrationId: rest.registrationId,
    noiseKey: base64(noiseKey.private),
    identityKey: base64(signedIdentityKey.private),
    signedPreKey: {
      id: signedPreKey.keyId,
      key: base64(signedPreKey.keyPair.private),
      signature: base64(signedPreKey.signature),
    },
    advSecret: rest.advSecretKey,
    account, // Stored as protobuf writes JSON: its bytes are base64 already.
    platform: rest.platform ?? '',
    pushName: me.name ?? '',
  };
}
