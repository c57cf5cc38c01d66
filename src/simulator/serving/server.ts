import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import type { World } from '../world/world.js';
import { serve } from './connection.js';

const PATH = '/ws/chat';

/** A listening WebSocket server. */
export type Listener = { readonly port: number; stop(): Promise<void> };

/** Listens for clients; `fallback` answers plain HTTP requests. */
export async function listen(world: World, host: string, port: number): Promise<Listener> {
  const upgrader = new WebSocketServer({ noServer: true, clientTracking: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((_request, response) => {
    response.writeHead(426).end();
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, tcp: Socket, head: Buffer) => {
    void upgrade(request, tcp, head);
  });

  async function upgrade(request: IncomingMessage, tcp: Socket, head: Buffer): Promise<void> {
    if (world.behaviour.latencyMs) await wait(world.behaviour.latencyMs);
    const effect = world.faults.take({ stage: 'upgrade' });
    if (effect?.do === 'silence') return;
    if (effect?.do === 'reset') {
      tcp.resetAndDestroy();
      return;
    }
    if (effect?.do === 'close') {
      tcp.end();
      return;
    }
    const isChat = new URL(request.url ?? '/', 'http://simulator').pathname === PATH;
    const status = effect?.do === 'http' ? effect.status : isChat ? undefined : 404;
    if (status !== undefined) {
      tcp.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    upgrader.handleUpgrade(request, tcp, head, ws => serve(world, ws, tcp, request.url ?? ''));
  }

  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
