import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type BinaryNode, decodeBinaryNode, encodeBinaryNode, type KeyPair } from '@whiskeysockets/baileys';
import { type WebSocket, WebSocketServer } from 'ws';
import { certificateChains } from '../../../src/simulator/wire/certificates.js';
import { frame, frameReader } from '../../../src/simulator/wire/frames.js';
import { noiseResponder, type Responder, type Transport } from '../../../src/simulator/wire/noise.js';
import { newKeyPair } from '../../../src/simulator/wire/xeddsa.js';

/** A client after the handshake, at the test's command. */
export type Client = {
  /** Every stanza it sent, oldest first. */
  readonly sent: BinaryNode[];
  send(stanza: BinaryNode): void;
  /** Sends bytes as they are, within a frame. */
  sendBytes(bytes: Uint8Array): void;
  /** Sends bytes sealed as stanzas are, all in one WebSocket message. */
  sendSealed(...stanzas: Uint8Array[]): void;
  close(): void;
};

/** A server that speaks Noise and leaves everything after it to the test: for what the simulator would never do. */
export type ScriptedServer = {
  readonly url: string;
  readonly rootKey: string;
  /** The clients in order of arrival. */
  readonly clients: Client[];
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Starts it. `onStanza` sees what clients send; `shownKey` is the Noise key the server uses in place of the one its
 * certificates are about.
 */
export async function scriptedServer(
  options: {
    onClient?: (client: Client) => void;
    onStanza?: (stanza: BinaryNode, client: Client) => void;
    shownKey?: KeyPair;
  } = {},
): Promise<ScriptedServer> {
  const keys = { root: newKeyPair(), static: newKeyPair() };
  const { honest } = certificateChains(keys);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const clients: Client[] = [];
  await once(server, 'listening');

  server.on('connection', ws => {
    const reader = frameReader();
    let responder: Responder | undefined;
    let opened: { transport: Transport; client: Client } | undefined;
    ws.on('message', (data: Buffer) => {
      for (const message of reader.push(data)) {
        if (opened) {
          const { transport, client } = opened;
          void decodeBinaryNode(transport.decrypt(message)).then(stanza => {
            client.sent.push(stanza);
            options.onStanza?.(stanza, client);
          });
        } else if (responder) {
          const { transport } = responder.finish(message);
          opened = { transport, client: clientOn(ws, transport) };
          clients.push(opened.client);
          options.onClient?.(opened.client);
        } else {
          const prologue = reader.intro()?.prologue ?? Buffer.of();
          responder = noiseResponder(options.shownKey ?? keys.static, honest, prologue);
          ws.send(frame(responder.hello(message).reply));
        }
      }
    });
  });

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rootKey: Buffer.from(keys.root.public).toString('hex'),
    clients,
    async [Symbol.asyncDispose]() {
      for (const ws of server.clients) ws.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

const clientOn = (ws: WebSocket, transport: Transport): Client => ({
  sent: [],
  send: stanza => ws.send(frame(transport.encrypt(encodeBinaryNode(stanza)))),
  sendBytes: bytes => ws.send(frame(bytes)),
  sendSealed: (...stanzas) => ws.send(Buffer.concat(stanzas.map(bytes => frame(transport.encrypt(bytes))))),
  close: () => ws.close(),
});
