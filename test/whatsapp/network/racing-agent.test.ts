import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type RacingAgent, racingAgent } from '../../../src/whatsapp/network/racing-agent.js';
import { certificate } from '../../support/certificate.js';

/** Where nobody listens. */
const USELESS = '127.0.0.3';
const found =
  (...addresses: string[]) =>
  async () =>
    addresses.map(address => ({ address, family: 4 }));

/** A server whose kernel answers nobody, for its queue of connections is full, until it goes on. */
async function busyServer() {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:net').createServer(socket => socket.on('error', () => {}).end('hello'));
    server.listen({ host: '127.0.0.2', port: 0, backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setTimeout(() => Atomics.wait(workerData, 0, 0), 0);
    });`;
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(code, { eval: true, workerData: flag });
  const [port] = (await once(worker, 'message')) as [number];
  const goOn = () => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  };
  // Those the kernel takes into the queue are connected; it is full when two in a row are not.
  const fillers: net.Socket[] = [];
  for (let refused = 0; refused < 2; ) {
    const socket = net.connect({ host: '127.0.0.2', port }).on('error', () => undefined);
    fillers.push(socket);
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>(resolve => setTimeout(resolve, 500, false)),
    ]);
    refused = isTaken ? 0 : refused + 1;
  }
  onTestFinished(async () => {
    goOn();
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  });
  return { port, goOn };
}

/** Connects through the agent, as `ws` does. */
function connect({ agent }: RacingAgent, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    agent.createConnection({ host: 'web.whatsapp.test', port }, (error, socket) =>
      error ? reject(error) : resolve(socket as net.Socket),
    );
  });
}

test('a slow way is waited for, also with a useless address beside it', async () => {
  const { port, goOn } = await busyServer();
  const connecting = connect(racingAgent(false, found('127.0.0.2', USELESS)), port);
  const early = await Promise.race([
    connecting.then(
      () => 'connected',
      () => 'failed',
    ),
    new Promise(resolve => setTimeout(resolve, 1000, 'waiting')),
  ]);
  expect(early).toBe('waiting');
  goOn();
  const socket = await connecting;
  expect(socket.remoteAddress).toBe('127.0.0.2');
  socket.on('error', () => undefined).destroy();
});

test('an address that is silent does not keep the others waiting', async () => {
  const { port } = await busyServer();
  const server = net.createServer().listen(port, '127.0.0.4');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const socket = await connect(racingAgent(false, found('127.0.0.2', '127.0.0.4')), port);
  expect(socket.remoteAddress).toBe('127.0.0.4');
  socket.on('error', () => undefined).destroy();
});

test('the first failure is told when no address is left', async () => {
  const taken = net.createServer().listen(0, USELESS);
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  await new Promise(resolve => taken.close(resolve));
  const racing = racingAgent(false, found(USELESS, '127.0.0.4'));
  await expect(connect(racing, port)).rejects.toMatchObject({ code: 'ECONNREFUSED', address: USELESS });
  await expect(connect(racingAgent(false, found()), port)).rejects.toThrow('The host has no address');
});

test('nothing is left of what was under way when nobody wants it any more', async () => {
  const { port } = await busyServer();
  const racing = racingAgent(false, found('127.0.0.2'));
  const connecting = connect(racing, port);
  racing.stop();
  await expect(connecting).rejects.toThrow('No connection is wanted any more');
  await expect(connect(racing, port)).rejects.toThrow('No connection is wanted any more');
});

test('TLS is spoken with the name of the host', async () => {
  const server = createTlsServer(certificate());
  const wss = new WebSocketServer({ server });
  server.listen(0, '127.0.0.2');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  wss.on('connection', ws => ws.close());
  const { port } = server.address() as AddressInfo;
  const dial = (host: string) => {
    const { agent } = racingAgent(true, found(USELESS, '127.0.0.2'));
    return once(new WebSocket(`wss://${host}:${port}`, { agent, ca: certificate().cert }), 'open');
  };
  await dial('localhost');
  await expect(dial('web.whatsapp.test')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});
