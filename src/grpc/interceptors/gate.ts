import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js';
import { type CallContext, contextOf, isOurs } from '../call.js';
import type { Answer } from '../errors.js';

/** Looks at a call before its request is read. Throws or rejects to refuse it. */
export type Check = (context: CallContext, metadata: Metadata) => void | Promise<void>;

/**
 * An interceptor that lets through what the check accepts. Nothing thrown in it gets past it: grpc-js would leave the
 * call hanging until its deadline and the process with an unhandled rejection.
 */
export const gate =
  (check: Check, answer: Answer): ServerInterceptor =>
  (method, call) => {
    if (!isOurs(method.path)) return new ServerInterceptingCall(call);
    const admit = async (metadata: Metadata) => check(contextOf(metadata), metadata);
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        admit(metadata)
          .then(() => next(metadata))
          .catch((error: unknown) => call.sendStatus(answer(error, contextOf(metadata))));
      })
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart(next => next(listener)).build());
  };
