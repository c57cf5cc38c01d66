import { type AuthenticationCreds, BufferJSON, Curve, initAuthCreds, proto } from '@whiskeysockets/baileys';
import { z } from 'zod';
import type { ImportedDevice, UnusableDevice } from '../../instances/ports/imported-device.js';
import { decodeCredentials, encodeCredentials } from '../connection/auth-state.js';
import { isSignedBy } from '../curve/signature-check.js';

/** What the account and the device put before the identity that they sign; the second is of hosted accounts. */
const BY_ACCOUNT = [Buffer.of(6, 0), Buffer.of(6, 5)];
const BY_DEVICE = [Buffer.of(6, 1), Buffer.of(6, 6)];

const bytes = (length: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length);
/** Baileys writes what comes from protobuf as text. */
const signed = z
  .union([z.base64().transform(text => Buffer.from(text, 'base64')), z.instanceof(Buffer)])
  .refine(value => value.length > 0);
const keyPair = z.object({ private: bytes(32), public: bytes(32) }).refine(belongTogether);
const keyId = z.int().min(1).max(0xff_ff_ff);

/** What of Baileys' credentials is taken over; everything else is about messages. */
const schema = z.object({
  noiseKey: keyPair,
  signedIdentityKey: keyPair,
  signedPreKey: z.object({ keyPair, signature: bytes(64), keyId: z.int().nonnegative() }),
  registrationId: z.int().min(0).max(0x3fff),
  advSecretKey: z.base64(),
  nextPreKeyId: keyId,
  me: z.object({
    id: z.string().regex(/^\d{5,15}:[1-9]\d{0,3}@s\.whatsapp\.net$/),
    lid: z
      .string()
      .regex(/^\d+(?::\d+)?@lid$/)
      .optional(),
  }),
  account: z.object({
    details: signed,
    accountSignatureKey: signed,
    accountSignature: signed,
    deviceSignature: signed,
  }),
  signalIdentities: z.array(z.unknown()).optional(),
  platform: z.string().optional(),
});

/** Reads the `creds.json` of a linked Baileys device, and whether it is whole. Never quotes what it holds. */
export function importedDevice(content: Uint8Array): ImportedDevice | UnusableDevice {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(content).toString(), BufferJSON.reviver);
  } catch {
    return unusable('it is no JSON; perhaps it was cut off');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const fields = new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the whole'));
    return unusable(...Array.from(fields, field => `${field} is missing or damaged`));
  }
  const { account, ...found } = parsed.data;
  const identity = found.signedIdentityKey.public;
  const { keyPair, signature } = found.signedPreKey;
  if (!isSignedBy(identity, Buffer.concat([Buffer.of(5), keyPair.public]), signature))
    return unusable('signedPreKey is not signed by signedIdentityKey');
  if (!isAgreed(account, identity)) return unusable('the account has not signed this device');

  const credentials: AuthenticationCreds = {
    ...initAuthCreds(),
    ...found,
    // Only for messages, which are not read: the first login makes new ones.
    firstUnuploadedPreKeyId: found.nextPreKeyId,
    me: { id: found.me.id, ...(found.me.lid !== undefined && { lid: found.me.lid }) },
    account: proto.ADVSignedDeviceIdentity.fromObject(account),
    signalIdentities: found.signalIdentities as AuthenticationCreds['signalIdentities'],
    platform: found.platform,
    registered: true,
  } as AuthenticationCreds;
  return {
    kind: 'device',
    id: found.me.id,
    phoneNumber: `+${found.me.id.split(':')[0]}`,
    credentials: encodeCredentials(credentials),
  };
}

/** The device that stored credentials belong to. */
export const deviceIn = (credentials: Uint8Array): string => decodeCredentials(credentials).me.id;

const unusable = (...mistakes: string[]): UnusableDevice => ({ kind: 'unusable', mistakes });

/** Whether both keys of a pair agree with another pair on the same secret. */
function belongTogether(pair: { private: Uint8Array; public: Uint8Array }): boolean {
  const other = Curve.generateKeyPair();
  return Curve.sharedKey(pair.private, other.public).equals(Curve.sharedKey(other.private, pair.public));
}

/** The account signed the device's identity, and the device that of the account. */
function isAgreed(account: z.output<typeof schema>['account'], identity: Uint8Array): boolean {
  const { details, accountSignatureKey, accountSignature, deviceSignature } = account;
  const isSigned = (prefixes: Buffer[], key: Uint8Array, parts: Uint8Array[], signature: Uint8Array) =>
    prefixes.some(prefix => isSignedBy(key, Buffer.concat([prefix, ...parts]), signature));
  return (
    isSigned(BY_ACCOUNT, accountSignatureKey, [details, identity], accountSignature) &&
    isSigned(BY_DEVICE, identity, [details, identity, accountSignatureKey], deviceSignature)
  );
}
