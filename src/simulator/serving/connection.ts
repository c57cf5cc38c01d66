import type { Socket } from 'node:net';
import { decodeBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import type { WebSocket } from 'ws';
import { wallMs } from '../../domain/time/wall-time.js';
import { bomb, compress } from '../wire/compress.js';
import { frame, frameReader } from '../wire/frames.js';
import { type Handshaken, noiseResponder, type Responder, type Transport } from '../wire/noise.js';
import { attr, type BinaryNode, node } from '../wire/stanza.js';
import { openWire } from '../wire/wire.js';
import type { Garbage } from '../world/faults.js';
import type { ClientConnection, StanzaHandler, World } from '../world/world.js';
import { inject } from './inject.js';
import { login } from './login.js';
import { register } from './registration.js';

/** Of the frames of a connection, where the behaviour is to compress them now and then. */
const COMPRESSED_EVERY = 8;
/** A client that was told to restart is cut off when it has not closed by then. */
const RESTART_MS = 5_000;

const OVERLONG = 8 * 1024 * 1024;

const GARBAGE: Readonly<Record<Garbage, (sealer: Transport) => Buffer>> = {
  // A list of five with nothing in it.
  undecodable: sealer => sealer.encrypt(Buffer.from([0, 248, 5])),
  // Bytes that no counter of ours sealed.
  undecryptable: () => Buffer.alloc(40, 7),
  bomb: sealer => sealer.encrypt(bomb()),
  overlong: sealer => sealer.encrypt(Buffer.alloc(OVERLONG)),
};

/** Serves one WebSocket until it ends; `target` is what it asked for. */
export function serve(world: World, ws: WebSocket, tcp: Socket, target: string): void {
  const reader = frameReader();
  let responder: Responder | undefined;
  let transport: Transport | undefined;
  let session: StanzaHandler | undefined;
  let receiving = Promise.resolve();
  let open = true;
  const asked = new Map<string, (answer: BinaryNode | undefined) => void>();

  const wire = openWire(ws, tcp, {
    tripMs: () => world.behaviour.latencyMs / 2,
    bytes: orClose(bytes => {
      for (const message of reader.push(bytes)) receiveFrame(message);
    }),
    closed() {
      open = false;
      for (const resolve of asked.values()) resolve(undefined);
      if (connection) world.connections.delete(connection);
      session?.closed();
    },
  });
  let connection: ClientConnection | undefined;

  function receiveFrame(message: Buffer): void {
    if (transport) receiveSealed(transport.decrypt(message));
    else if (responder) begin(responder.finish(message));
    else greet(message);
  }

  function greet(message: Buffer): void {
    const effect = world.faults.take({ stage: 'hello' });
    if (effect?.do === 'close') wire.close();
    if (effect?.do === 'reset') wire.reset();
    if (effect?.do === 'undecodable') wire.write(frame(Buffer.from('undecodable')));
    if (effect) return;
    const { prologue } = reader.intro() ?? { prologue: Buffer.alloc(0) };
    responder = noiseResponder(world.keys.static, world.certificates[world.behaviour.certificate], prologue);
    const { reply, done } = responder.hello(message);
    wire.write(frame(reply));
    if (done) begin(done);
  }

  function begin(client: Handshaken): void {
    transport = client.transport;
    const revision = client.payload.userAgent?.appVersion?.tertiary ?? 0;
    const opened = newConnection(client.noiseKey, revision, client.transport);
    connection = opened;
    world.connections.add(opened);
    const registering = client.payload.devicePairingData;
    const effect = world.faults.take({
      stage: registering ? 'registration' : 'login',
      phoneNumber: registering ? undefined : String(client.payload.username),
    });
    const start = (goesOn: boolean) => {
      if (!goesOn || !open) return;
      const { minRevision, refuseClients } = world.behaviour;
      if (refuseClients || revision < minRevision) {
        opened.fail({ reason: 405, location: 'cln' });
        return;
      }
      session = registering ? register(world, opened, registering) : login(world, opened, client.payload);
    };
    const goesOn = effect ? inject(opened, effect, 'before_apply') : true;
    if (typeof goesOn === 'boolean') start(goesOn);
    else void goesOn.then(start);
  }

  function receiveSealed(plain: Buffer): void {
    // Decoding may inflate and so takes turns of the event loop; one after the other keeps the order.
    receiving = receiving.then(async () => {
      const stanza = await decodeBinaryNode(plain).catch(() => undefined);
      if (stanza) receive(stanza);
      else wire.close();
    });
  }

  function receive(stanza: BinaryNode): void {
    if (!connection || !open) return;
    const { owner } = connection;
    const id = attr(stanza, 'id') ?? '';
    world.log.add({
      time: wallMs(),
      connection: connection.id,
      phoneNumber: owner?.account.phoneNumber,
      device: owner?.device.id,
      node: stanza,
    });
    const resolve = asked.get(id);
    if (stanza.tag === 'iq' && resolve && attr(stanza, 'type') !== 'get') {
      asked.delete(id);
      resolve(stanza);
    } else {
      session?.receive(stanza);
    }
  }

  function newConnection(noiseKey: Buffer, revision: number, sealer: Transport): ClientConnection {
    let frames = 0;
    const send = (stanza: BinaryNode) => {
      if (!open) return;
      const encoded = encodeBinaryNode(stanza);
      const { compression } = world.behaviour;
      const isCompressed =
        ++frames % COMPRESSED_EVERY === 0 ? compression !== 'never' : compression === 'always';
      wire.write(frame(sealer.encrypt(isCompressed ? compress(encoded) : encoded)));
    };
    return {
      id: world.nextConnection(),
      noiseKey,
      revision,
      target,
      owner: undefined,
      ready: false,
      isOpen: () => open && wire.isOpen(),
      send,
      ask: iq =>
        new Promise(resolve => {
          if (!open) return resolve(undefined);
          asked.set(attr(iq, 'id') ?? '', resolve);
          send(iq);
        }),
      end: wire.close,
      reset: wire.reset,
      mute: wire.mute,
      joinNext: wire.joinNext,
      streamError(code, conflict) {
        const reason = conflict === undefined ? [] : [node('conflict', { type: conflict })];
        send(node('stream:error', { code: code?.toString() }, reason));
        if (code !== 515 || world.behaviour.restart === 'server_closes') return wire.close();
        send(node('xmlstreamend'));
        wire.closeIn(RESTART_MS);
      },
      fail({ reason, code, expire, location }) {
        const attrs = {
          reason: reason?.toString(),
          code: code?.toString(),
          expire: expire?.toString(),
          location,
        };
        send(node('failure', attrs));
        wire.close();
      },
      sendGarbage(kind) {
        wire.write(frame(GARBAGE[kind](sealer)));
      },
    };
  }

  /** A client that breaks the protocol is cut off. */
  function orClose(handle: (bytes: Buffer) => void): (bytes: Buffer) => void {
    return bytes => {
      try {
        handle(bytes);
      } catch {
        ws.terminate();
      }
    };
  }
}
