/** Types of frames of HTTP/2, RFC 9113 section 6. */
export const FRAME = { HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, WINDOW_UPDATE: 8 } as const;

/** A frame of HTTP/2 as it is sent. */
export function frame(type: number, flags: number, stream: number, payload = Buffer.of()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client says first: the preface, and empty SETTINGS. */
export const GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(FRAME.SETTINGS, 0, 0),
]);

const END_HEADERS = 4;

/** Opens a call and leaves it open. POST, http, an authority and the path: RFC 7541 appendix A and section 6.2.2. */
export function openingFrame(path: string, stream: number): Buffer {
  const headers = Buffer.from([0x83, 0x86, 0x01, 1, 0x78, 0x04, path.length]);
  return frame(FRAME.HEADERS, END_HEADERS, stream, Buffer.concat([headers, Buffer.from(path)]));
}
