import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** The servers of Node under a gRPC server that listens. grpc-js gives no access to them. */
export const http2Servers = (server: Server): Http2Server[] => [
  ...(server as unknown as { http2Servers: Map<Http2Server, unknown> }).http2Servers.keys(),
];
