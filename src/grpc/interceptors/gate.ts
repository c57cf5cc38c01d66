import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { type CallContext, contextOf, isOurs } from '../call.js';
import type { Answer } from '../errors.js';

/** Looks at a call before its request is read. Throws or rejects to refuse it. */
export type Check = (context: CallContext, metadata: Metadata) => void | Promise<void>;

/**
 * An interceptor that lets through what every check accepts. Nothing thrown in it gets past it: grpc-js would leave the
 * call hanging until its deadline and the process with an unhandled rejection.
 */
export const gate =
  (answer: Answer, checks: readonly Check[]): ServerInterceptor =>
  (method, call) => {
    if (!isOurs(method.path)) return new ServerInterceptingCall(call);
    const admit = async (metadata: Metadata) => {
      const context = contextOf(metadata);
      for (const check of checks) {
        const pending = check(context, metadata);
        if (pending) await pending;
      }
    };
    return new ServerInterceptingCall(call, {
      start: next =>
        next({
          onReceiveMetadata(metadata, next) {
            admit(metadata)
              .then(() => next(metadata))
              .catch((error: unknown) => call.sendStatus(answer(error, contextOf(metadata))));
          },
        }),
    });
  };
