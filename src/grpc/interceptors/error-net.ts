import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { type CallContext, contextOf, isOurs } from '../call.js';
import type { Answer } from '../errors.js';

/** Gives a fault that grpc-js itself turned into a status the details of INTERNAL, and hides its text. */
export const errorNet =
  (answer: Answer): ServerInterceptor =>
  (method, call) => {
    if (!isOurs(method.path)) return new ServerInterceptingCall(call);
    let context: CallContext | undefined;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        context = contextOf(metadata);
        next(metadata);
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart(next => next(listener))
      .withSendStatus((outcome, next) => {
        const isFault = outcome.code === status.UNKNOWN || outcome.code === status.INTERNAL;
        const isBare = !outcome.metadata?.get('grpc-status-details-bin').length;
        next(isFault && isBare && context ? answer(new Error(outcome.details), context) : outcome);
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
