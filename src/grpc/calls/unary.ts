import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Answer } from '../errors/statuses.js';
import { admit } from './admit.js';
import { contextOf, principalOf } from './call-context.js';
import { startDeadline, unlessAborted } from './deadlines.js';
import type { Handler } from './handler.js';

/** Makes methods that answer once. */
export type Unary = ReturnType<typeof unary>;

/** A method that answers once, as grpc-js wants it: whatever it throws, and also when it never ends, is answered. */
export const unary =
  (answer: Answer) =>
  <Request, Order, Response>(
    handler: Handler<Request, Order, Promise<Response> | Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, callback) => {
    const context = contextOf(call.metadata);
    const run = async () => {
      const order = admit(call.request, handler.decode, context);
      using options = startDeadline(call, context.method);
      const response = handler.handle(order, {
        method: context.method,
        principal: principalOf(context),
        requestId: context.requestId,
        options,
      });
      return await unlessAborted(response, options.signal);
    };
    run().then(
      response => callback(null, response),
      (error: unknown) => {
        if (!call.cancelled) callback(answer(error, context));
      },
    );
  };
