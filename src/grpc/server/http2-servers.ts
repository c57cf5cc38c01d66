import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** What grpc-js gives no access to. */
type Inside = { http2Servers: Map<Http2Server, unknown>; handlers: Map<string, unknown> };
const inside = (server: Server) => server as unknown as Inside;

/** The servers of Node under a gRPC server that listens. */
export const http2Servers = (server: Server): Http2Server[] => [...inside(server).http2Servers.keys()];

/** Whether a gRPC server has a method of this path. */
export const isServed = (server: Server, path: string): boolean => inside(server).handlers.has(path);

/** Has an event met before the listeners there are, which hear of it when `pass` is called. */
export function meetFirst<Args extends unknown[]>(
  server: Http2Server,
  event: 'connection' | 'stream',
  meet: (pass: () => void, ...args: Args) => void,
): void {
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (...args: unknown[]) =>
    meet(
      () => {
        for (const listener of listeners) listener.call(server, ...args);
      },
      ...(args as Args),
    ),
  );
}
