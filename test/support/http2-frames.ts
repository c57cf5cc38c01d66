/** HTTP/2 as bytes (RFC 9113), so that a test can send what no library would. */

/** Types of frames, RFC 9113 section 6. */
const TYPES = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;

type Frame = {
  readonly type: keyof typeof TYPES;
  readonly flags?: number;
  /** 0 is the connection's own. */
  readonly stream?: number;
  readonly payload?: Uint8Array;
};

export function frame({ type, flags = 0, stream = 0, payload = new Uint8Array() }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = TYPES[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client sends first: the preface and its settings, of which this is one (RFC 9113 section 6.5.2). */
export const opening = (settings: Uint8Array = new Uint8Array()): Buffer =>
  Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame({ type: 'settings', payload: settings }),
  ]);

/** SETTINGS_INITIAL_WINDOW_SIZE of nothing: whoever says so takes no answer in. */
export const ZERO_WINDOW: Uint8Array = Buffer.from([0, 4, 0, 0, 0, 0]);

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A block of header fields, each a literal without indexing and without Huffman code (RFC 7541 section 6.2.2). */
export const headerBlock = (fields: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );

/** A string with its length before it (RFC 7541 sections 5.1 and 5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from(prefixed(bytes.length)), bytes]);
}

/** An integer with a prefix of seven bits. */
function prefixed(value: number): number[] {
  if (value < 127) return [value];
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** A gRPC message as it stands in DATA. */
export const message = (bytes: Uint8Array = new Uint8Array(), isCompressed = false): Buffer =>
  Buffer.concat([Buffer.from([isCompressed ? 1 : 0]), uint32(bytes.length), bytes]);

/** The header fields of a gRPC call. */
export const callFields = (path: string, more: Readonly<Record<string, string>> = {}) => ({
  ':method': 'POST',
  ':scheme': 'http',
  ':path': path,
  ':authority': 'localhost',
  'content-type': 'application/grpc',
  te: 'trailers',
  ...more,
});

/** Opens a call and leaves it open. */
export const callFrame = (path: string, stream: number, more?: Readonly<Record<string, string>>): Buffer =>
  frame({ type: 'headers', flags: END_HEADERS, stream, payload: headerBlock(callFields(path, more)) });

/** Resets a stream: CANCEL, RFC 9113 section 7. */
export const resetFrame = (stream: number): Buffer =>
  frame({ type: 'rstStream', stream, payload: uint32(8) });
