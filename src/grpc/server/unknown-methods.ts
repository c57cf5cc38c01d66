import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { PrivacyError } from '../../domain/errors.js';
import { type Answer, foreignMethod } from '../errors/statuses.js';
import { requestIdOf } from '../interceptors/request-id.js';
import { QUOTED, truncate } from '../messages/truncate.js';
import { METHODS } from '../method-table.js';

/**
 * Gives the answer to an unknown method the details that every error has. grpc-js sends it past all interceptors, with
 * up to 60 KB of path in it as they came.
 */
export function answerUnknownMethod(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  answer: Answer,
): void {
  const path = String(headers[':path']);
  if (METHODS.has(path)) return;
  const respond = stream.respond.bind(stream);
  stream.respond = (own, options) => {
    if (!isBare(own)) return respond(own, options);
    const requestId = requestIdOf([headers['x-request-id'] ?? []].flat());
    const method = truncate(path.slice(1), QUOTED);
    const problem = new PrivacyError({ kind: 'METHOD_UNKNOWN', method });
    const refusal = answer(problem, { requestId, method: foreignMethod(method) });
    refusal.metadata.set('x-request-id', requestId);
    respond(
      { ...own, 'grpc-message': encodeURI(refusal.details), ...refusal.metadata.toHttp2Headers() },
      options,
    );
  };
}

const isBare = (answer: OutgoingHttpHeaders | readonly string[] | undefined): answer is OutgoingHttpHeaders =>
  answer !== undefined &&
  'grpc-status' in answer &&
  answer['grpc-status'] === status.UNIMPLEMENTED &&
  !answer['grpc-status-details-bin'];
