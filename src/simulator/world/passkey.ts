import {
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { z } from 'zod';

/** A passkey of an account: what the server keeps of it, and the private key where the simulated phone has it. */
export type Passkey = {
  readonly id: Buffer;
  readonly userHandle: Buffer;
  /** SPKI, DER. */
  readonly publicKey: Buffer;
  /** PKCS 8, DER; undefined for one that some other authenticator holds. */
  readonly privateKey: Buffer | undefined;
};

/** A passkey that another authenticator made: its id and its public key (P-256, SPKI), in base64url. */
export type ForeignPasskey = { readonly id: string; readonly publicKey: string };

/** What a client is asked for when WhatsApp wants a passkey (as seen live, Baileys issue 2689). */
export type PasskeyOptions = {
  readonly challenge: string;
  readonly timeout: number;
  readonly rpId: string;
  readonly allowCredentials: readonly [];
  readonly userVerification: 'required';
  readonly extensions: { readonly uvm: true };
};

export function newPasskey(foreign?: ForeignPasskey): Passkey {
  if (foreign) {
    const publicKey = Buffer.from(foreign.publicKey, 'base64url');
    createPublicKey({ key: publicKey, format: 'der', type: 'spki' }); // Throws for what is no key.
    return {
      id: Buffer.from(foreign.id, 'base64url'),
      userHandle: randomBytes(16),
      publicKey,
      privateKey: undefined,
    };
  }
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    id: randomBytes(16),
    userHandle: randomBytes(16),
    publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }),
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
  };
}

export const passkeyOptions = (timeoutMs: number): PasskeyOptions => ({
  challenge: randomBytes(32).toString('base64url'),
  timeout: timeoutMs,
  rpId: 'whatsapp.com',
  allowCredentials: [],
  userVerification: 'required',
  extensions: { uvm: true },
});

/** User present and verified, backup eligible and done: what a synced passkey says. */
const FLAGS = 0x1d;
const PRESENT_AND_VERIFIED = 0x05;

/** What a browser on a page of this origin makes of the options, as `PublicKeyCredential.toJSON()` gives it. */
export function signAssertion(
  { id, userHandle, privateKey }: Passkey,
  { challenge, rpId }: Pick<PasskeyOptions, 'challenge' | 'rpId'>,
  origin: string,
): string {
  if (!privateKey) throw new Error('another authenticator has the private key of this passkey');
  const clientData = Buffer.from(
    JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }),
  );
  const authenticatorData = Buffer.concat([sha256(rpId), Buffer.from([FLAGS, 0, 0, 0, 0])]);
  const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), {
    key: privateKey,
    format: 'der',
    type: 'pkcs8',
    dsaEncoding: 'der',
  });
  return JSON.stringify({
    id: base64url(id),
    rawId: base64url(id),
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
    response: {
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature),
      userHandle: base64url(userHandle),
    },
  });
}

const binary = z.base64url().transform(text => Buffer.from(text, 'base64url'));
const assertionSchema = z.object({
  id: z.string(),
  rawId: binary,
  type: z.literal('public-key'),
  response: z.object({ clientDataJSON: binary, authenticatorData: binary, signature: binary }),
});
const clientDataSchema = z.object({
  type: z.literal('webauthn.get'),
  challenge: z.string(),
  origin: z.url(),
});

/** Whether the text is an assertion of this passkey about these options, made on a page of WhatsApp's. */
export function isAssertionOf(passkey: Passkey, options: PasskeyOptions, text: string): boolean {
  const assertion = parsed(assertionSchema, text);
  if (!assertion?.rawId.equals(passkey.id)) return false;
  const { clientDataJSON, authenticatorData, signature } = assertion.response;
  const clientData = parsed(clientDataSchema, clientDataJSON.toString());
  return (
    clientData?.challenge === options.challenge &&
    /^https:\/\/([^/]+\.)?whatsapp\.com$/.test(clientData.origin) &&
    authenticatorData.length >= 37 &&
    authenticatorData.subarray(0, 32).equals(sha256(options.rpId)) &&
    ((authenticatorData[32] ?? 0) & PRESENT_AND_VERIFIED) === PRESENT_AND_VERIFIED &&
    verify(
      'sha256',
      Buffer.concat([authenticatorData, sha256(clientDataJSON)]),
      { key: publicKeyOf(passkey), dsaEncoding: 'der' },
      signature,
    )
  );
}

function parsed<Value>(schema: z.ZodType<Value>, text: string): Value | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const publicKeyOf = ({ publicKey }: Passkey): KeyObject =>
  createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
const sha256 = (data: string | Buffer): Buffer => hash('sha256', data, 'buffer');
const base64url = (bytes: Buffer): string => bytes.toString('base64url');
