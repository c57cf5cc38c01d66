import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { callFrame, END_STREAM, frame, message, opening, ZERO_WINDOW } from '../../support/http2-frames.js';

const HEALTH = '/grpc.health.v1.Health/Watch';
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
/** `list_services: ""` */
const QUESTION = Buffer.from([0x3a, 0x00]);
const NOTHING = Buffer.of();

/** Types of frames, RFC 9113 section 6. */
const HEADERS = 1;
const PING = 6;

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
    callOf(socket, ZERO_WINDOW, whole(Privacy.watchPrivacySettings.path, token)),
  'a call without a window': (socket, token) =>
    callOf(socket, ZERO_WINDOW, whole(Instances.listInstances.path, token)),
  'a health watch without a window': socket => callOf(socket, ZERO_WINDOW, whole(HEALTH)),
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
async function callOf(socket: Socket, settings: Uint8Array, call: Call): Promise<void> {
  await speak(socket, settings, call, HEADERS);
}

/** Sends the beginning of a connection and perhaps of a call, and waits for a frame of the service's. */
async function speak(socket: Socket, settings: Uint8Array, call?: Call, until = PING): Promise<void> {
  const frames = [opening(settings)];
  if (call) {
    const { path, token, message: sent, isWhole } = call;
    frames.push(callFrame(path, 1, token === undefined ? {} : { authorization: `Bearer ${token}` }));
    const flags = isWhole ? END_STREAM : 0;
    if (sent) frames.push(frame({ type: 'data', flags, stream: 1, payload: message(sent) }));
  }
  // Its answer comes after all before it was read.
  frames.push(frame({ type: 'ping', payload: Buffer.alloc(8) }));
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
