import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { type CallContext, findContext } from '../calls/call-context.js';
import type { Answer } from '../errors/statuses.js';

/** Looks at a call before its request is read. Throws or rejects to refuse it. */
export type Check = (context: CallContext, metadata: Metadata) => void | Promise<void>;

/**
 * An interceptor that lets through what every check accepts. Nothing thrown in it gets past it: grpc-js would leave the
 * call hanging until its deadline and the process with an unhandled rejection.
 */
export const admission =
  (answer: Answer, checks: readonly Check[]): ServerInterceptor =>
  (_method, call) =>
    new ServerInterceptingCall(call, {
      start: next =>
        next({
          onReceiveMetadata(metadata, next) {
            const context = findContext(metadata);
            if (!context) return next(metadata);
            const refuse = (error: unknown) => call.sendStatus(answer(error, context));
            // Waits only for what takes time: a call put off, if only by a promise, has to be buffered.
            const passFrom = (first: number): void => {
              for (let index = first; index < checks.length; index++) {
                const pending = checks[index]?.(context, metadata);
                if (pending) return void pending.then(() => passFrom(index + 1)).catch(refuse);
              }
              next(metadata);
            };
            try {
              passFrom(0);
            } catch (error) {
              refuse(error);
            }
          },
        }),
    });
