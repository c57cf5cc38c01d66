import { type AuthenticationCreds, BufferJSON, proto, type SignalKeyStore } from '@whiskeysockets/baileys';
import type { CredentialStore, KeyChange } from '../../instances/ports/store.js';

/** The bytes in which credentials and keys are stored: JSON with its binary parts in base64. */
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value, BufferJSON.replacer));
const decode = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString(), BufferJSON.reviver);

export const encodeCredentials: (credentials: AuthenticationCreds) => Uint8Array = encode;

/** @throws Error when the bytes are no credentials of a linked account */
export function decodeCredentials(bytes: Uint8Array): LinkedCredentials {
  const credentials = decode(bytes);
  if (!isLinked(credentials)) throw new Error('not the credentials of a linked account');
  return credentials;
}

/** Credentials of which the account is known. */
export type LinkedCredentials = AuthenticationCreds & { me: { id: string } };

const isLinked = (value: unknown): value is LinkedCredentials => {
  // Only what the login needs is looked at; the rest was written by `encodeCredentials`.
  const { me, noiseKey, signedIdentityKey, signedPreKey } = (value ?? {}) as Partial<AuthenticationCreds>;
  return (
    typeof me?.id === 'string' &&
    [noiseKey, signedIdentityKey, signedPreKey?.keyPair].every(pair => Buffer.isBuffer(pair?.private))
  );
};

/** The Signal keys of an instance. Nothing is cached: what the database refused must not be used. */
export const keyStore = (
  credentials: CredentialStore,
  instance: string,
  write: (job: () => Promise<void>) => Promise<void>,
  onUnreadable: (cause: unknown) => void,
): SignalKeyStore => ({
  async get(type, ids) {
    try {
      const found = await credentials.loadKeys(instance, type, ids);
      const values = [...found].map(([id, bytes]) => [id, revive(type, decode(bytes))]);
      return Object.fromEntries(values);
    } catch (cause) {
      // Baileys goes on without.
      onUnreadable(cause);
      throw cause;
    }
  },
  set(data) {
    const changes: KeyChange[] = Object.entries(data).flatMap(([type, entries]) =>
      Object.entries(entries).map(([id, value]) => ({ type, id, value: value ? encode(value) : undefined })),
    );
    return write(() => credentials.saveKeys(instance, changes));
  },
});

/** Baileys calls methods of this one type of key. */
const revive = (type: string, value: unknown): unknown =>
  type === 'app-state-sync-key' && typeof value === 'object' && value
    ? proto.Message.AppStateSyncKeyData.fromObject(value)
    : value;

/** For a socket that is not linked yet, and so has no use for keys. */
export const NO_KEYS: SignalKeyStore = { get: () => ({}), set: () => undefined };
