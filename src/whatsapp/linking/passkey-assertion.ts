import { hash } from 'node:crypto';
import { z } from 'zod';

/** What WhatsApp asks a passkey for, as far as this service looks at it. */
export type RequestOptions = {
  /** As it came: unknown parts may matter to the browser. */
  readonly json: string;
  readonly challenge: Buffer;
  readonly rpId: string;
  /** How long WhatsApp waits; undefined when it does not say. */
  readonly timeoutMs: number | undefined;
};

/** An assertion that WhatsApp can be sent. */
export type Assertion = { readonly credentialId: Buffer; readonly json: string };

/** `wrong` completes "the assertion …"; WhatsApp alone can check the signature. */
export type Judged =
  | { readonly assertion: Assertion }
  | { readonly wrong: string }
  | { readonly isOfAnother: true };

/** The page on which every other client has the passkey asked for. */
export const ORIGIN = 'https://web.whatsapp.com';

const MOST_BYTES = 16 * 1024;
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;

const optionsSchema = z.object({
  challenge: z.base64url().min(1),
  rpId: z.string().min(1).default(new URL(ORIGIN).hostname),
  timeout: z.number().positive().optional(),
});
const clientDataSchema = z.object({
  type: z.literal('webauthn.get'),
  challenge: z.base64url(),
  origin: z.url(),
});
const binary = z.base64url().min(1);
/** What is not named here is left out: whether WhatsApp minds the rest is not known. */
const assertionSchema = z.object({
  id: binary,
  rawId: binary,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: binary,
    authenticatorData: binary,
    signature: binary,
    userHandle: z
      .base64url()
      .nullish()
      .transform(handle => handle ?? null),
  }),
});

/** Undefined for what no browser could use. */
export function parseOptions(json: string | undefined): RequestOptions | undefined {
  if (json === undefined || Buffer.byteLength(json) > MOST_BYTES) return undefined;
  const options = optionsSchema.safeParse(parsed(json)).data;
  if (!options) return undefined;
  const { challenge, rpId, timeout: timeoutMs } = options;
  return { json, challenge: bytesOf(challenge), rpId, timeoutMs };
}

/** Judges what a person brought, without WhatsApp: a wrong one would spend the request. */
export function judgeAssertion(text: string, { challenge, rpId }: RequestOptions): Judged {
  if (Buffer.byteLength(text) > MOST_BYTES) return { wrong: `must have at most ${MOST_BYTES} bytes` };
  const read = assertionSchema.safeParse(parsed(text));
  if (!read.success) return { wrong: `must be the JSON of a WebAuthn assertion${firstOf(read.error)}` };
  const { id, rawId, response } = read.data;
  if (id !== rawId) return { wrong: 'must have the same id and rawId' };
  const client = clientDataSchema.safeParse(parsed(bytesOf(response.clientDataJSON).toString()));
  if (!client.success)
    return { wrong: `must have the clientDataJSON of webauthn.get${firstOf(client.error)}` };
  if (!bytesOf(client.data.challenge).equals(challenge)) return { isOfAnother: true };
  if (!isOn(client.data.origin, rpId)) return { wrong: `must be made on a page of https://${rpId}` };
  const data = bytesOf(response.authenticatorData);
  if (data.length < 37 || !data.subarray(0, 32).equals(hash('sha256', rpId, 'buffer')))
    return { wrong: `must have authenticatorData for ${rpId}` };
  const flags = data[32] ?? 0;
  if (!(flags & USER_PRESENT) || !(flags & USER_VERIFIED))
    return { wrong: 'must say that the user was present and verified' };
  return { assertion: { credentialId: bytesOf(rawId), json: JSON.stringify(read.data) } };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Where the first mistake is, without what stands there. */
function firstOf({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join('.');
  return place ? `: see ${place}` : '';
}

function isOn(origin: string, rpId: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'https:' && (hostname === rpId || hostname.endsWith(`.${rpId}`));
}

const bytesOf = (base64url: string): Buffer => Buffer.from(base64url, 'base64url');
