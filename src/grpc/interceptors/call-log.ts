import { randomUUID } from 'node:crypto';
import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { type CallContext, setContext } from '../calls/call-context.js';
import type { ApiEvents } from '../errors/api-events.js';
import { METHODS } from '../method-table.js';
import type { BareFaults } from './bare-faults.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Names each call, puts its name and the state of its limit into the answer, and logs how it ended: as the caller gets
 * it, so the net is inside.
 */
export const callLog =
  (log: Pick<ApiEvents, 'callEnded'>, net: BareFaults, now: () => number): ServerInterceptor =>
  ({ path }, call) => {
    const method = METHODS.get(path);
    if (!method) return new ServerInterceptingCall(call); // Health and reflection need no token.
    const context: CallContext = {
      requestId: randomUUID(),
      method,
      peer: call.getConnectionInfo().remoteAddress ?? 'unknown',
    };
    const startedAt = now();
    let ended = false;
    let headersSent = false;

    const end = (code: status) => {
      if (ended) return; // A call is "cancelled" also after its status.
      ended = true;
      const { requestId, peer, principal } = context;
      log.callEnded({
        requestId,
        method: method.fullName,
        code: status[code],
        durationMs: now() - startedAt,
        peer,
        tokenId: principal?.tokenId,
      });
    };

    return new ServerInterceptingCall(call, {
      start: next =>
        next({
          onReceiveMetadata(metadata, next) {
            const [sent, ...others] = metadata.get('x-request-id').map(String);
            if (sent && others.length === 0 && REQUEST_ID.test(sent)) context.requestId = sent;
            setContext(metadata, context);
            next(metadata);
          },
          onCancel: () =>
            end(now() < Number(call.getDeadline()) ? status.CANCELLED : status.DEADLINE_EXCEEDED),
        }),
      sendMetadata(metadata, next) {
        headersSent = true;
        next(addAnswerMetadata(metadata, context));
      },
      sendStatus(sent, next) {
        const outcome = net(sent, context);
        end(outcome.code);
        const metadata = outcome.metadata ?? new Metadata();
        next({ ...outcome, metadata: headersSent ? metadata : addAnswerMetadata(metadata, context) });
      },
    });
  };

function addAnswerMetadata(metadata: Metadata, { requestId, rate }: CallContext): Metadata {
  metadata.set('x-request-id', requestId);
  if (rate) {
    metadata.set('x-ratelimit-limit', String(rate.limit));
    metadata.set('x-ratelimit-remaining', String(rate.remaining));
    metadata.set('x-ratelimit-reset', String(Math.ceil(rate.resetAfterMs / 1000)));
  }
  return metadata;
}
