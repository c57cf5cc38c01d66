import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { StrangerDeed, Strangers } from '../../observability/strangers.js';
import { type CallContext, setContext } from '../calls/call-context.js';
import type { ApiEvents } from '../errors/api-events.js';
import { foreignMethod, type ToldMethod } from '../errors/statuses.js';
import { METHODS } from '../method-table.js';
import { connectionKey } from '../peers/connection-key.js';
import { countedAddress } from '../peers/peer-address.js';
import type { BareFaults, EndedStatus } from './bare-faults.js';
import { namesOfCaller } from './certificate-binding.js';
import { requestIdOf } from './request-id.js';

/**
 * Names each call, puts its name and the state of its limit into the answer, and logs how it ended: as the caller gets
 * it, so the net is inside. Calls without a good token are only counted, for anybody can make any number of them; of
 * health and reflection, which need none, nothing is logged.
 */
export const callLog =
  (
    log: Pick<ApiEvents, 'callEnded'>,
    strangers: Strangers,
    net: BareFaults,
    now: () => number,
  ): ServerInterceptor =>
  ({ path }, call) => {
    const method = METHODS.get(path);
    const ends = call.getConnectionInfo();
    const context: Omit<CallContext, 'method'> & { readonly method: ToldMethod } = {
      requestId: '', // It comes with the metadata, before anything else can happen.
      method: method ?? foreignMethod(path.slice(1)),
      peer: ends.remoteAddress ?? 'unknown',
      connection: connectionKey(ends),
      certificateNames: () => namesOfCaller(call),
      timeLeftMs: () => Number(call.getDeadline()) - now(),
    };
    const startedAt = now();
    let ended = false;
    let headersSent = false;

    const end = (code: status, otherwise: StrangerDeed) => {
      if (ended) return; // A call is "cancelled" also after its status.
      ended = true;
      if (!method) return;
      const { requestId, peer, principal, tokenFault = otherwise } = context;
      if (!principal) return strangers.seen(tokenFault, countedAddress(peer));
      log.callEnded({
        requestId,
        method: method.fullName,
        code: status[code],
        durationMs: now() - startedAt,
        peer,
        tokenId: principal.tokenId,
      });
    };

    // What grpc-js decides by itself it sends on this innermost call, past all interceptors.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (sent: EndedStatus) => {
      if (ended) return send(sent);
      const outcome = net(sent, context);
      end(outcome.code, 'call_refused');
      const metadata = outcome.metadata ?? new Metadata();
      send({ ...outcome, metadata: headersSent ? metadata : addAnswerMetadata(metadata, context) });
    };

    return new ServerInterceptingCall(call, {
      start: next =>
        next({
          onReceiveMetadata(metadata, next) {
            context.requestId = requestIdOf(metadata.get('x-request-id').map(String));
            if (method) setContext(metadata, Object.assign(context, { method }));
            next(metadata);
          },
          onCancel: () =>
            end(
              now() < Number(call.getDeadline()) ? status.CANCELLED : status.DEADLINE_EXCEEDED,
              'call_left',
            ),
        }),
      sendMetadata(metadata, next) {
        headersSent = true;
        next(addAnswerMetadata(metadata, context));
      },
    });
  };

function addAnswerMetadata(metadata: Metadata, { requestId, rate }: Omit<CallContext, 'method'>): Metadata {
  metadata.set('x-request-id', requestId);
  if (rate) {
    metadata.set('x-ratelimit-limit', String(rate.limit));
    metadata.set('x-ratelimit-remaining', String(rate.remaining));
    metadata.set('x-ratelimit-reset', String(Math.ceil(rate.resetAfterMs / 1000)));
  }
  return metadata;
}
