import type { Http2Server, IncomingHttpHeaders } from 'node:http2';

/** What "gRPC over HTTP2" defines, with the one encoding of messages that this service reads. */
const GRPC = /^application\/grpc(\+proto)?\s*(;|$)/;

/**
 * Has calls of another protocol answered with HTTP 415: gRPC-Web above all, whose clients understand no answer of gRPC.
 * grpc-js looks at the beginning of the content type alone, and would execute them.
 */
export function refuseOtherContentTypes(http2Server: Http2Server): void {
  http2Server.prependListener('stream', (_stream, headers: IncomingHttpHeaders) => {
    if (!GRPC.test(headers['content-type'] ?? '')) delete headers['content-type'];
  });
}
