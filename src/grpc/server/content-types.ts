import type { IncomingHttpHeaders } from 'node:http2';

/** What "gRPC over HTTP2" defines, with the one encoding of messages that this service reads. */
const GRPC = /^application\/grpc(\+proto)?\s*(;|$)/;

/**
 * Has a call of another protocol answered with HTTP 415: gRPC-Web above all, whose clients understand no answer of gRPC.
 * grpc-js looks at the beginning of the content type alone, and would execute it.
 */
export function refuseOtherContentType(headers: IncomingHttpHeaders): void {
  if (!GRPC.test(headers['content-type'] ?? '')) delete headers['content-type'];
}
