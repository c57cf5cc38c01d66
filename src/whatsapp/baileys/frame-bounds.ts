import { promisify } from 'node:util';
import { inflate, inflateSync } from 'node:zlib';

/**
 * The longest frame that is taken in, compressed or not: nearly twice the longest answer there is, a list of 65,535
 * contacts with both their ids (2.3 MB), for no more fit into one list of a stanza. What is made of so many
 * bytes at worst takes 190 MB, for a moment.
 */
export const LONGEST_FRAME = 4 * 1024 * 1024;

/** A frame was longer than that. */
export class FrameTooLong extends Error {}

const OPTIONS = { maxOutputLength: LONGEST_FRAME };
/** So few bytes, such as the settings are, take less time than to hand them to another thread, also when they are a bomb. */
const AT_ONCE = 1024;

async function boundedInflate(bytes: Uint8Array): Promise<Buffer> {
  try {
    return bytes.length <= AT_ONCE ? inflateSync(bytes, OPTIONS) : await inflateElsewhere(bytes);
  } catch (error) {
    throw isTooLarge(error) ? new FrameTooLong() : error;
  }
}

const inflateElsewhere = (bytes: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    inflate(bytes, OPTIONS, (error, inflated) => (error ? reject(error) : resolve(inflated)));
  });

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';

// Baileys inflates without a bound, so that 1 MB may become 1 GB. It calls what `promisify` makes of `inflate` when
// `WABinary/decode.js` is loaded, which is this when this module is loaded before.
Object.defineProperty(inflate, promisify.custom, { value: boundedInflate, configurable: true });
