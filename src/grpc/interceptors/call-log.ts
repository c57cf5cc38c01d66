import { randomUUID } from 'node:crypto';
import {
  Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { type CallContext, isOurs, setContext } from '../call.js';
import type { ApiEvents } from '../events.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Names each call, puts its name and the state of its limit into the answer, and logs how it ended. */
export const callLog =
  (log: Pick<ApiEvents, 'callEnded'>, now: () => number): ServerInterceptor =>
  (method, call) => {
    if (!isOurs(method.path)) return new ServerInterceptingCall(call);
    const context: CallContext = {
      requestId: randomUUID(),
      method: method.path.slice(1),
      peer: call.getPeer().replace(/:\d+$/, ''),
    };
    const startedAt = now();
    let ended = false;
    let headersSent = false;

    const end = (code: status) => {
      if (ended) return; // A call is "cancelled" also after its status.
      ended = true;
      const { requestId, method, peer, principal } = context;
      const durationMs = now() - startedAt;
      log.callEnded({ requestId, method, code: status[code], durationMs, peer, tokenId: principal?.tokenId });
    };

    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const [sent, ...others] = metadata.get('x-request-id').map(String);
        if (sent && others.length === 0 && REQUEST_ID.test(sent)) context.requestId = sent;
        setContext(metadata, context);
        next(metadata);
      })
      .withOnCancel(() =>
        end(now() < Number(call.getDeadline()) ? status.CANCELLED : status.DEADLINE_EXCEEDED),
      )
      .build();
    const responder = new ResponderBuilder()
      .withStart(next => next(listener))
      .withSendMetadata((metadata, next) => {
        headersSent = true;
        next(addAnswerMetadata(metadata, context));
      })
      .withSendStatus((outcome, next) => {
        end(outcome.code);
        const metadata = outcome.metadata ?? new Metadata();
        next({ ...outcome, metadata: headersSent ? metadata : addAnswerMetadata(metadata, context) });
      })
      .build();
    return new ServerInterceptingCall(call, responder);
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
