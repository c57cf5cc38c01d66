import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Tokens } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { CallOptions } from '../../instances/ports/orders.js';
import type { Answer } from '../errors/statuses.js';
import { LONGEST_CALL_MS, type Method } from '../method.js';
import { admit, type LabelsOf } from './admit.js';
import { authorOf, type CallContext, contextOf, principalOf } from './call-context.js';
import { startDeadline } from './deadlines.js';
import type { UnaryHandler } from './handler.js';
import { namedInstance } from './named-instances.js';
import { type BeforeSending, FOLLOWS_UP, isMoved, type Placement } from './placement.js';
import { bytesOf } from './reading.js';

/** Makes methods that answer once. */
export type Unary = ReturnType<typeof unary>;

/**
 * A method that answers once, as grpc-js wants it: whatever it throws, and also when it never ends, is answered. A change
 * begins nothing more once its caller's token has ended.
 *
 * @param placement Undefined where everything runs here.
 */
export const unary =
  (answer: Answer, tokens: Pick<Tokens, 'watch'>, labelsOf: LabelsOf, placement?: Placement) =>
  <Request, Order, Response>(
    handler: UnaryHandler<Request, Order, Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, callback) => {
    const context = contextOf(call.metadata);
    const { method, requestId } = context;
    const fail = (error: unknown) => {
      if (!call.cancelled) callback(answer(error, context));
    };
    const admitted = (request: Request) => admit(request, handler.decode, context, labelsOf);

    const run = async (order: Order): Promise<Response | Buffer> => {
      const principal = principalOf(context);
      using limits = startDeadline(call, boundedFor(context), authorOf(call.request, principal));
      using token = method.permit.access === 'READ_ONLY' ? undefined : tokens.watch(principal.tokenId);
      const { deadline, author } = limits;
      // Those of a read are not copied: their signal is made when it is asked for.
      const optionsFor = (beforeSending?: BeforeSending, followsUp?: string): CallOptions =>
        token
          ? {
              deadline,
              author,
              signal: AbortSignal.any([limits.signal, token.signal]),
              ...(beforeSending && { beforeSending }),
              ...(followsUp !== undefined && { followsUp }),
            }
          : limits;
      const here = async (
        request: Request,
        beforeSending?: BeforeSending,
        followsUp = context.passedOn?.note[FOLLOWS_UP],
      ) =>
        handler.handle(request === call.request ? order : admitted(request), {
          method,
          principal,
          requestId,
          options: optionsFor(beforeSending, followsUp),
          context,
        });
      const instance = handler.isAnywhere ? undefined : namedInstance(call.request, method);
      const work =
        placement && instance !== undefined
          ? placement.answer({
              context,
              instance,
              request: call.request,
              bytes: bytesOf(call.request) ?? Buffer.of(),
              options: limits,
              here,
              afterLoss: handler.afterLoss,
            })
          : here(call.request);
      return await limits.unlessEnded(work).catch((error: unknown) => {
        throw token?.signal.aborted && isUnsent(error) ? token.signal.reason : error;
      });
    };
    const atOnce = (order: Order): Response | undefined => {
      if (placement?.isHere(call.request, context) === false) return undefined;
      try {
        return handler.atOnce?.(order);
      } catch (error) {
        if (placement && isMoved(error)) return undefined;
        throw error;
      }
    };
    const begin = () => {
      try {
        const order = admitted(call.request);
        const known = atOnce(order);
        if (known !== undefined) callback(null, known);
        else run(order).then(response => callback(null, response as Response), fail);
      } catch (error) {
        fail(error);
      }
    };
    const pending = placement?.meet(call.request, context);
    if (pending) pending.then(begin, fail);
    else begin();
  };

/** How long a call of a method may take; where another node passes it on, that one has seen to it. */
const boundedFor = ({ method, passedOn }: CallContext): Pick<Method, 'about' | 'deadlines'> =>
  passedOn ? { ...method, deadlines: { ...method.deadlines, maximumMs: LONGEST_CALL_MS } } : method;

/** Whether a call was ended before it had sent anything. */
const isUnsent = (error: unknown): boolean =>
  error instanceof PrivacyError && error.problem.kind === 'DEADLINE_TOO_SHORT' && !error.update?.sent;
