import type { OutgoingHttpHeaders } from 'node:http2';
import { Metadata } from '@grpc/grpc-js';
import type { CallContext } from '../calls/call-context.js';
import type { EndedStatus } from './bare-faults.js';

type Named = Pick<CallContext, 'requestId' | 'rate'>;

/** The name of the call and the state of its limit, as every answer tells them. */
function answerHeaders({ requestId, rate }: Named): Record<string, string> {
  if (!rate) return { 'x-request-id': requestId };
  return {
    'x-request-id': requestId,
    'x-ratelimit-limit': String(rate.limit),
    'x-ratelimit-remaining': String(rate.remaining),
    'x-ratelimit-reset': String(Math.ceil(rate.resetAfterMs / 1000)),
  };
}

/**
 * Metadata with what every answer tells, for `sendMetadata` alone, which asks no more of it than this: that each entry of
 * every answer is normalised, validated and copied costs more than the answer's message.
 */
export const headersOf = (metadata: Metadata, call: Named): Metadata =>
  ({
    toHttp2Headers: (): OutgoingHttpHeaders => Object.assign(metadata.toHttp2Headers(), answerHeaders(call)),
  }) as Metadata;

/** The same for a status that is the whole answer. */
export function trailersOf(status: Pick<EndedStatus, 'metadata'>, call: Named): Metadata {
  const metadata = status.metadata ?? new Metadata();
  for (const [name, value] of Object.entries(answerHeaders(call))) metadata.set(name, value);
  return metadata;
}
