import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';

/** What grpc-js gives no access to. */
type Inside = { http2Servers: Map<Http2Server, unknown>; handlers: Map<string, unknown> };
const inside = (server: Server) => server as unknown as Inside;

/** The servers of Node under a gRPC server that listens. */
export const http2Servers = (server: Server): Http2Server[] => [...inside(server).http2Servers.keys()];

/** Whether a gRPC server has a method of this path. */
export const isServed = (server: Server, path: string): boolean => inside(server).handlers.has(path);

/** Has each new connection met before TLS and HTTP/2 see it, which they do when it is served. */
export function meetFirst(server: Http2Server, meet: (socket: Socket, serve: () => void) => void): void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) =>
    meet(socket, () => {
      for (const listener of listeners) listener.call(server, socket);
    }),
  );
}
