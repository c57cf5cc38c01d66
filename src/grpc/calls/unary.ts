import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Tokens } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Answer } from '../errors/statuses.js';
import { admit, type LabelsOf } from './admit.js';
import { authorOf, contextOf, principalOf } from './call-context.js';
import { startDeadline, unlessAborted } from './deadlines.js';
import type { Handler } from './handler.js';

/** Makes methods that answer once. */
export type Unary = ReturnType<typeof unary>;

/**
 * A method that answers once, as grpc-js wants it: whatever it throws, and also when it never ends, is answered. A change
 * begins nothing more once its caller's token has ended.
 */
export const unary =
  (answer: Answer, tokens: Pick<Tokens, 'watch'>, labelsOf: LabelsOf) =>
  <Request, Order, Response>(
    handler: Handler<Request, Order, Promise<Response> | Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, callback) => {
    const context = contextOf(call.metadata);
    const run = async () => {
      const order = admit(call.request, handler.decode, context, labelsOf);
      using limits = startDeadline(call, context.method);
      const { method, requestId } = context;
      const principal = principalOf(context);
      const author = authorOf(call.request, principal);
      const handle = (signal: AbortSignal) => {
        const options = { deadline: limits.deadline, signal, author };
        return unlessAborted(handler.handle(order, { method, principal, requestId, options }), limits.signal);
      };
      if (method.permit.access === 'READ_ONLY') return await handle(limits.signal);

      using token = tokens.watch(principal.tokenId);
      const signal = AbortSignal.any([limits.signal, token.signal]);
      return await handle(signal).catch((error: unknown) => {
        throw token.signal.aborted && isUnsent(error) ? token.signal.reason : error;
      });
    };
    run().then(
      response => callback(null, response),
      (error: unknown) => {
        if (!call.cancelled) callback(answer(error, context));
      },
    );
  };

/** Whether a call was ended before it had sent anything. */
const isUnsent = (error: unknown): boolean =>
  error instanceof PrivacyError && error.problem.kind === 'DEADLINE_TOO_SHORT' && !error.update?.sent;
