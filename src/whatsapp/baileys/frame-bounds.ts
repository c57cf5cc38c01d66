import { promisify } from 'node:util';
import { inflate } from 'node:zlib';

/**
 * The longest frame that is taken in, compressed or not: nearly twice the longest answer there is, a list of 65,535
 * contacts with both their ids (2.3 MB), for no more fit into one list of a stanza. What is made of so many
 * bytes at worst takes 190 MB, for a moment.
 */
export const LONGEST_FRAME = 4 * 1024 * 1024;

/** A frame was longer than that. */
export class FrameTooLong extends Error {}

const boundedInflate = (bytes: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    inflate(bytes, { maxOutputLength: LONGEST_FRAME }, (error, inflated) => {
      if (!error) resolve(inflated);
      else reject('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? new FrameTooLong() : error);
    });
  });

// Baileys inflates without a bound, so that 1 MB may become 1 GB. It calls what `promisify` makes of `inflate` when
// `WABinary/decode.js` is loaded, which is this when this module is loaded before.
Object.defineProperty(inflate, promisify.custom, { value: boundedInflate, configurable: true });
