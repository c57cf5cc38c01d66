import type { IncomingHttpHeaders } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { http2Servers } from './http2-servers.js';

/**
 * Shows repeated `authorization` headers, joined by commas. Node keeps the first and drops the others, so that a
 * proxy that looks at the last would check another token than we do.
 */
export function showRepeatedAuthorization(server: Server): void {
  // grpc-js hands on what Node made of the headers and gives no access to the raw ones.
  for (const http2Server of http2Servers(server)) {
    http2Server.prependListener('stream', (_stream, headers: IncomingHttpHeaders, _flags, raw: string[]) => {
      const values = raw.filter((_, index) => index % 2 === 1 && raw[index - 1] === 'authorization');
      if (values.length > 1) headers.authorization = values.join(', ');
    });
  }
}
