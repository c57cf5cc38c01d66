import { constants, deflateRawSync, deflateSync } from 'node:zlib';

/** The bit of the byte in front of an encoded stanza that says that the rest is compressed. */
const COMPRESSED = 2;

/** An encoded stanza, compressed with zlib as WhatsApp compresses some. */
export const compress = (encoded: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(COMPRESSED), deflateSync(encoded.subarray(1))]);

const BLOCK = 16 * 1024 * 1024;
const BLOCKS = 64;

/** A frame of 1 MB that inflates to 1 GB of zeros. */
export function bomb(): Buffer {
  // Each block ends at a whole byte, so that another may follow.
  const block = deflateRawSync(Buffer.alloc(BLOCK), { finishFlush: constants.Z_FULL_FLUSH });
  const adler32 = Buffer.alloc(4);
  adler32.writeUInt16BE((BLOCK * BLOCKS) % 65_521, 0);
  adler32.writeUInt16BE(1, 2);
  const header = Buffer.of(COMPRESSED, 0x78, 0x9c);
  const emptyLastBlock = Buffer.of(0x03, 0x00);
  return Buffer.concat([header, ...Array.from({ length: BLOCKS }, () => block), emptyLastBlock, adler32]);
}
