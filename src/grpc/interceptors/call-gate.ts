import {
  type Metadata,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { StrangerDeed } from '../../observability/strangers.js';
import { type CallContext, setContext } from '../calls/call-context.js';
import { type Answer, foreignMethod, type ToldMethod } from '../errors/statuses.js';
import { METHODS } from '../method-table.js';
import { connectionKey } from '../peers/connection-key.js';
import type { Check } from './admission.js';
import { headersOf, trailersOf } from './answer-headers.js';
import type { BareFaults, EndedStatus } from './bare-faults.js';
import type { CallLog } from './call-log.js';
import { requestIdOf } from './request-id.js';

/** What calls meet on their way. */
export type Gate = {
  /** Of calls of our own methods, before their request is read: parsing is what it protects. */
  readonly check: Check;
  readonly answer: Answer;
  readonly net: BareFaults;
  /** Is told nothing of health and reflection, which need no token. */
  readonly log: CallLog;
  readonly now: () => number;
};

/**
 * The one interceptor. Names each call, admits it, puts its name and the state of its limit into the answer, and logs how
 * it ended: as the caller gets it, so the net is inside.
 *
 * It changes the innermost call: what grpc-js decides by itself it sends there, past all interceptors, and each call that
 * is put around it costs as much as all that is done here.
 */
export const callGate =
  ({ check, answer, net, log, now }: Gate): ServerInterceptor =>
  ({ path, responseStream }, call) => {
    const method = METHODS.get(path);
    const context = newContext(method ?? foreignMethod(path.slice(1)), call);
    const startedAt = now();
    let hasEnded = false;
    let headersSent = false;
    let hasLeft = false;
    const { start, sendMetadata, sendMessage, sendStatus } = call;

    function end(code: status, otherwise: StrangerDeed) {
      if (hasEnded) return; // A call is "cancelled" also after its status.
      hasEnded = true;
      if (method) log(context as CallContext, code, now() - startedAt, otherwise);
    }

    call.start = listener => {
      const { onReceiveMetadata, onReceiveHalfClose, onCancel } = listener;
      listener.onReceiveMetadata = metadata => {
        context.requestId = requestIdOf(metadata.get('x-request-id'));
        if (method) setContext(metadata, context as CallContext);
        // Nothing thrown gets past it: grpc-js would leave the call hanging, and the process with an unhandled rejection.
        try {
          const pending = method && check(context as CallContext, metadata);
          if (pending) void pending.then(() => pass(metadata)).catch(refuse);
          else onReceiveMetadata.call(listener, metadata);
        } catch (error) {
          refuse(error);
        }
      };
      function pass(metadata: Metadata) {
        if (!hasLeft) onReceiveMetadata.call(listener, metadata);
      }
      // With it a request is whole, and executed.
      listener.onReceiveHalfClose = () => {
        if (!hasLeft) onReceiveHalfClose.call(listener);
      };
      listener.onCancel = () => {
        hasLeft = true;
        if (!hasEnded)
          end(now() < Number(call.getDeadline()) ? status.CANCELLED : status.DEADLINE_EXCEEDED, 'call_left');
        onCancel.call(listener);
      };
      start.call(call, listener);
    };

    function refuse(error: unknown) {
      call.sendStatus(answer(error, context));
    }

    call.sendMetadata = metadata => {
      headersSent = true;
      sendMetadata.call(call, headersOf(metadata, context));
    };

    // The status leaves with the message, in one write: grpc-js would wait until that is written, and write again.
    if (!responseStream)
      call.sendMessage = (message, sent) => {
        sendMessage.call(call, message, ignoreWritten);
        if (headersSent) sent(); // Otherwise it was not sent, as its call is over.
      };

    call.sendStatus = (sent: EndedStatus) => {
      if (hasEnded) return sendStatus.call(call, sent);
      const outcome = net(sent, context);
      end(outcome.code, 'call_refused');
      sendStatus.call(call, headersSent ? outcome : { ...outcome, metadata: trailersOf(outcome, context) });
    };

    return call as ServerInterceptingCall; // grpc-js asks no more of it than its interface.
  };

const ignoreWritten = () => undefined;

type AnyContext = Omit<CallContext, 'method'> & { readonly method: ToldMethod };

function newContext(method: ToldMethod, call: ServerInterceptingCallInterface): AnyContext {
  const ends = call.getConnectionInfo();
  return {
    requestId: '', // It comes with the metadata, before anything else can happen.
    method,
    peer: ends.remoteAddress ?? 'unknown',
    connection: connectionKey(ends),
    call,
    principal: undefined,
    passedOn: undefined,
    tokenFault: undefined,
    rate: undefined,
  };
}
