import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Tokens } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { CallOptions } from '../../instances/ports/orders.js';
import type { Answer } from '../errors/statuses.js';
import { admit, type LabelsOf } from './admit.js';
import { authorOf, contextOf, principalOf } from './call-context.js';
import { startDeadline } from './deadlines.js';
import type { UnaryHandler } from './handler.js';

/** Makes methods that answer once. */
export type Unary = ReturnType<typeof unary>;

/**
 * A method that answers once, as grpc-js wants it: whatever it throws, and also when it never ends, is answered. A change
 * begins nothing more once its caller's token has ended.
 */
export const unary =
  (answer: Answer, tokens: Pick<Tokens, 'watch'>, labelsOf: LabelsOf) =>
  <Request, Order, Response>(
    handler: UnaryHandler<Request, Order, Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, callback) => {
    const context = contextOf(call.metadata);
    const fail = (error: unknown) => {
      if (!call.cancelled) callback(answer(error, context));
    };
    const run = async (order: Order) => {
      const { method, requestId } = context;
      const principal = principalOf(context);
      using limits = startDeadline(call, method, authorOf(call.request, principal));
      const handle = (options: CallOptions) =>
        limits.unlessEnded(handler.handle(order, { method, principal, requestId, options, context }));
      if (method.permit.access === 'READ_ONLY') return await handle(limits);

      using token = tokens.watch(principal.tokenId);
      const { deadline, author } = limits;
      const signal = AbortSignal.any([limits.signal, token.signal]);
      return await handle({ deadline, author, signal }).catch((error: unknown) => {
        throw token.signal.aborted && isUnsent(error) ? token.signal.reason : error;
      });
    };
    try {
      const order = admit(call.request, handler.decode, context, labelsOf);
      const known = handler.atOnce?.(order);
      if (known !== undefined) callback(null, known);
      else run(order).then(response => callback(null, response), fail);
    } catch (error) {
      fail(error);
    }
  };

/** Whether a call was ended before it had sent anything. */
const isUnsent = (error: unknown): boolean =>
  error instanceof PrivacyError && error.problem.kind === 'DEADLINE_TOO_SHORT' && !error.update?.sent;
