import { LRUCache } from 'lru-cache';
import { maskPhoneNumber } from '../domain/instance.js';

const SECRET_NAME = /tokens?$|secret|password|authorization|creds|credential|private|(^|[a-z_])keys?$/i;
const PHONE_NAME = /phone/i;
/** Made to be told apart in logs, and not masked as numbers are; callers choose request ids, and may send anything. */
const ID_NAME = /^(requestId|tokenId)$/;

const BEARER = /\bwap_[\w-]+/g;
/**
 * Keys as WhatsApp libraries print them: 32 bytes or more in padded base64 or in hex. Looked for where such letters
 * begin, and not at each of them: a long text, which may come from anybody, would hold everything up.
 */
const KEY_MATERIAL = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}={1,2}|\b[0-9a-fA-F]{64,}\b/g;
/** What stands before the host of a URL: `http://user:password@proxy:3128`. */
const USER_INFO = /(?<=\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi;
/** `+15550100123`, `15550100123@s.whatsapp.net`, `15550100123:4@…` and the digits alone. */
const PHONE_NUMBER = /(?<![\w.-])\+?\d{8,15}(?=[:@]|(?![\w.-]))/g;

/** What a field of this name holds; the names are few, and looked at with each line of the log. */
const HOLDS = new LRUCache<string, 'secret' | 'id' | 'phone' | 'other'>({
  max: 1000,
  memoMethod(name) {
    if (SECRET_NAME.test(name)) return 'secret';
    if (ID_NAME.test(name)) return 'id';
    return PHONE_NAME.test(name) ? 'phone' : 'other';
  },
});

/** Deep enough for everything logged on purpose; what lies deeper is left out. */
const MAX_DEPTH = 6;

/** Short texts in which nothing was found: most are the names of methods, codes and events. */
const CLEAN = new LRUCache<string, true>({ max: 1000 });
const LONGEST_KEPT = 100;

/** The text without bearer tokens and keys, and with phone numbers masked. */
export function scrubText(text: string): string {
  if (CLEAN.has(text)) return text;
  const scrubbed = text
    .replace(BEARER, 'wap_[secret]')
    .replace(USER_INFO, '[secret]@')
    .replace(KEY_MATERIAL, '[secret]')
    .replace(PHONE_NUMBER, number => maskPhoneNumber(number.startsWith('+') ? number : `+${number}`));
  if (scrubbed === text && text.length <= LONGEST_KEPT) CLEAN.set(text, true);
  return scrubbed;
}

/**
 * A copy that is safe to log, whatever it was: secrets by name or by look are replaced at any depth, phone numbers
 * masked, binary data left out. The second net: events already pick the fields they log.
 */
export const scrub = (fields: object): Record<string, unknown> => scrubFields(fields, 0);

const scrubFields = (fields: object, depth: number): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, scrubValue(name, value, depth)]));

function scrubValue(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  const holds = HOLDS.memo(name);
  if (holds === 'secret') return '[secret]';
  if (typeof value === 'object') return scrubObject(name, value, depth);
  if (typeof value !== 'string' && typeof value !== 'number') return `[${typeof value}]`;
  if (holds === 'id') return String(value).replace(BEARER, 'wap_[secret]');
  if (holds === 'phone') return maskDigits(String(value));
  return typeof value === 'number' ? value : scrubText(value);
}

function scrubObject(name: string, value: object, depth: number): unknown {
  if (value instanceof Date) return value;
  if (value instanceof Uint8Array) return '[binary]';
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return scrubError(value, depth);
  if (Array.isArray(value)) return value.map(item => scrubValue(name, item, depth + 1));
  return PHONE_NAME.test(name) ? '[phone number]' : scrubFields(value, depth + 1);
}

const maskDigits = (text: string): string => text.replace(/\d(?=(?:\D*\d){4})/g, '*');

/** Name, text, stack and causes of an error: other properties may hold anything, such as a whole request. */
function scrubError(error: Error, depth: number): unknown {
  return {
    type: error.name,
    message: scrubText(error.message),
    stack: scrubText(error.stack ?? ''),
    ...(error.cause !== undefined && { cause: scrubValue('cause', error.cause, depth + 1) }),
  };
}
