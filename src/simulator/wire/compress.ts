import { deflateSync } from 'node:zlib';

/** The bit of the byte in front of an encoded stanza that says that the rest is compressed. */
const COMPRESSED = 2;

/** An encoded stanza, compressed with zlib as WhatsApp compresses some. */
export const compress = (encoded: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(COMPRESSED), deflateSync(encoded.subarray(1))]);
