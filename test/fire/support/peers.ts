import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';

const HEALTH = '/grpc.health.v1.Health/Watch';
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
/** `list_services: ""` */
const QUESTION = Buffer.from([0x3a, 0x00]);
const NOTHING = Buffer.of();

/** RFC 9113 section 6. */
const TYPE = { data: 0, headers: 1, settings: 4, ping: 6 };
const END_STREAM = 1;
const END_HEADERS = 4;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** INITIAL_WINDOW_SIZE 0: nothing of an answer may come but its headers. */
const NO_WINDOW = Buffer.from([0, 4, 0, 0, 0, 0]);

type Call = {
  readonly path: string;
  readonly token?: string;
  /** Undefined for a call that never says it. */
  readonly message?: Buffer;
  /** Whether the caller's side ends with it. */
  readonly isWhole?: boolean;
};

/** Whoever is connected and takes no part in the end of the service: what each has sent, by what it is. */
export const PEERS: Record<string, (socket: Socket, token: string) => Promise<unknown>> = {
  'a connection without a byte': async () => undefined,
  'an idle connection': socket => speak(socket, NOTHING),
  'a watch': (socket, token) => callOf(socket, NOTHING, whole(Privacy.watchPrivacySettings.path, token)),
  'a watch without a window': (socket, token) =>
    callOf(socket, NO_WINDOW, whole(Privacy.watchPrivacySettings.path, token)),
  'a call without a window': (socket, token) =>
    callOf(socket, NO_WINDOW, whole(Instances.listInstances.path, token)),
  'a health watch without a window': socket => callOf(socket, NO_WINDOW, whole(HEALTH)),
  'a call without a message': (socket, token) =>
    speak(socket, NOTHING, { path: Instances.listInstances.path, token }),
  'a refused call that was left open': socket =>
    callOf(socket, NOTHING, { path: Instances.listInstances.path }),
  'a reflection stream': socket => callOf(socket, NOTHING, { path: REFLECTION, message: QUESTION }),
};

/** Connects one of `PEERS`, once the service has seen it; it stays, and answers nothing, until it is disposed of. */
export async function peer(name: string, address: string, token: string): Promise<Disposable> {
  const port = Number(address.split(':').at(-1));
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  await PEERS[name]?.(socket, token);
  return { [Symbol.dispose]: () => socket.destroy() };
}

const whole = (path: string, token?: string): Call => ({
  path,
  ...(token !== undefined && { token }),
  message: NOTHING,
  isWhole: true,
});

/** Makes a call and waits until its answer begins. */
async function callOf(socket: Socket, settings: Buffer, call: Call): Promise<void> {
  await speak(socket, settings, call, TYPE.headers);
}

/** Sends the beginning of a connection and perhaps of a call, and waits for a frame of the service's. */
async function speak(socket: Socket, settings: Buffer, call?: Call, until = TYPE.ping): Promise<void> {
  const frames = [PREFACE, frame(TYPE.settings, 0, 0, settings)];
  if (call) {
    frames.push(frame(TYPE.headers, END_HEADERS, 1, headersOf(call)));
    const { message, isWhole = false } = call;
    if (message) frames.push(frame(TYPE.data, isWhole ? END_STREAM : 0, 1, prefixed(message)));
  }
  // Its answer comes after all before it was read.
  frames.push(frame(TYPE.ping, 0, 0, Buffer.alloc(8)));
  socket.write(Buffer.concat(frames));
  const seen = new Set<number>();
  let rest: Buffer = NOTHING;
  socket.on('data', (part: Buffer) => {
    rest = Buffer.concat([rest, part]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      seen.add(rest.readUInt8(3));
      rest = rest.subarray(9 + rest.readUIntBE(0, 3));
      socket.emit('frame');
    }
  });
  while (!seen.has(until)) await once(socket, 'frame');
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A message of gRPC: not compressed, and its length. */
function prefixed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Literal header fields that are not indexed (RFC 7541 section 6.2.2). */
function headersOf({ path, token }: Call): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]),
  );
}
