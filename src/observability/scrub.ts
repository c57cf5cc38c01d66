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

type Held = 'secret' | 'id' | 'phone' | 'other';

/** Looked at with each line of the log; in a map that is emptied when full, for a cache that is not costs as much. */
const MOST_KEPT = 1000;
const KNOWN_NAMES = new Map<string, Held>();

/** What a field of this name holds. */
function heldBy(name: string): Held {
  const known = KNOWN_NAMES.get(name);
  if (known) return known;
  const held = lookAt(name);
  keep(KNOWN_NAMES, name, held);
  return held;
}

function lookAt(name: string): Held {
  if (SECRET_NAME.test(name)) return 'secret';
  if (ID_NAME.test(name)) return 'id';
  return PHONE_NAME.test(name) ? 'phone' : 'other';
}

function keep<Kept>(kept: Map<string, Kept>, text: string, what: Kept) {
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(text, what);
}

/** Deep enough for everything logged on purpose; what lies deeper is left out. */
const MAX_DEPTH = 6;

/** Short texts in which nothing was found, as JSON: most are the names of methods, codes and events. */
const CLEAN = new Map<string, string>();
const LONGEST_KEPT = 100;

/** The value of a field as JSON that is safe to log, whatever it was; undefined for what has none. */
export function safeJson(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || heldBy(name) !== 'other')
    return JSON.stringify(scrubValue(name, value, 0));
  return CLEAN.get(value) ?? JSON.stringify(scrubText(value));
}

/** The text without bearer tokens and keys, and with phone numbers masked. */
function scrubText(text: string): string {
  if (CLEAN.has(text)) return text;
  const scrubbed = text
    .replace(BEARER, 'wap_[secret]')
    .replace(USER_INFO, '[secret]@')
    .replace(KEY_MATERIAL, '[secret]')
    .replace(PHONE_NUMBER, number => maskPhoneNumber(number.startsWith('+') ? number : `+${number}`));
  if (scrubbed === text && text.length <= LONGEST_KEPT) keep(CLEAN, text, JSON.stringify(text));
  return scrubbed;
}

/**
 * The value, or a copy of it without what must not be told: secrets by name or by look are replaced at any depth, phone
 * numbers masked, binary data left out. The second net: events already pick the fields they log.
 */
function scrubValue(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  const held = heldBy(name);
  if (held === 'secret') return '[secret]';
  if (typeof value === 'object') return scrubObject(name, value, depth);
  if (typeof value !== 'string' && typeof value !== 'number') return `[${typeof value}]`;
  if (held === 'id') return String(value).replace(BEARER, 'wap_[secret]');
  if (held === 'phone') return maskDigits(String(value));
  return typeof value === 'number' ? value : scrubText(value);
}

function scrubObject(name: string, value: object, depth: number): unknown {
  if (value instanceof Date) return value;
  if (value instanceof Uint8Array) return '[binary]';
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return scrubError(value, depth);
  if (Array.isArray(value)) return value.map(item => scrubValue(name, item, depth + 1));
  if (PHONE_NAME.test(name)) return '[phone number]';
  const fields = Object.entries(value).map(([inner, of]) => [inner, scrubValue(inner, of, depth + 1)]);
  return Object.fromEntries(fields);
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
