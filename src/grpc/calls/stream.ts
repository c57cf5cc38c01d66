import { once } from 'node:events';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Tokens } from '../../access/tokens.js';
import type { Answer } from '../errors/statuses.js';
import { admit, checkScope, type LabelsOf } from './admit.js';
import { authorOf, contextOf, principalOf } from './call-context.js';
import type { CallSlots } from './call-slots.js';
import { LASTED, longestDeadline, startDeadline, unlessAborted } from './deadlines.js';
import type { Handler } from './handler.js';
import { namedInstance } from './named-instances.js';
import type { Placement } from './placement.js';
import { bytesOf } from './reading.js';

/** The handler of a method that streams. Its events are encoded one by one, so that leaving reaches the iteration. */
type StreamHandler<Request, Order, Event, Response> = Handler<Request, Order, AsyncIterable<Event>> & {
  readonly encode: (event: Event) => Response;
  /** When the server is draining it begins nothing more and ends by itself; others are ended. */
  readonly endsByItself?: true;
  /**
   * Whether it goes on without its caller, who may leave or have no more time. A slow one does not keep it waiting, so
   * its events must be few.
   */
  readonly isDetached?: (order: Order) => boolean;
};

/** Makes methods that answer with a stream. */
export type Stream = ReturnType<typeof stream>;

/**
 * A method that answers with a stream, as grpc-js wants it. Waits for a slow reader, ends the iteration when the
 * caller has gone, and ends the stream when the server is draining or the caller's token has ended.
 *
 * @param placement Undefined where everything runs here.
 */
export const stream =
  (
    answer: Answer,
    draining: AbortSignal,
    tokens: Pick<Tokens, 'watch'>,
    open: CallSlots,
    labelsOf: LabelsOf,
    placement?: Placement,
  ) =>
  <Request, Order, Event, Response>(
    handler: StreamHandler<Request, Order, Event, Response>,
  ): handleServerStreamingCall<Request, Response> =>
  call => {
    const context = contextOf(call.metadata);
    let hasEnded = false;
    /** The caller hears of the first; what goes wrong later is in the log at least. */
    const end = (error?: unknown) => {
      if (hasEnded) answer(error, context);
      else if (error === undefined || error === LASTED) call.end();
      else if (!call.cancelled) call.emit('error', answer(error, context));
      hasEnded = true;
    };
    const run = async () => {
      const pending = placement?.meet(call.request, context);
      if (pending) await pending;
      const order = admit(call.request, handler.decode, context, labelsOf);
      const isDetached = handler.isDetached?.(order) ?? false;
      using limits = startDeadline(call, context.method);
      using longest = isDetached ? longestDeadline(context.method) : undefined;
      const options = longest ?? limits;
      const principal = principalOf(context);
      using _place = open(principal.tokenId);
      using token = tokens.watch(principal.tokenId);
      const over = AbortSignal.any([
        limits.signal,
        token.signal,
        ...(handler.endsByItself ? [] : [draining]),
      ]);
      const signal = AbortSignal.any([options.signal, token.signal, draining]);
      const told = { deadline: options.deadline, signal, author: authorOf(call.request, principal) };
      const here = () =>
        handler.handle(order, {
          method: context.method,
          principal,
          requestId: context.requestId,
          context,
          options: told,
        });
      const instance = namedInstance(call.request, context.method);
      placement?.isHere(call.request, context); // Throws when it must not be answered.
      const bytes = bytesOf(call.request) ?? Buffer.of();
      const events =
        placement && instance !== undefined
          ? placement.stream({ context, instance, request: call.request, bytes, options: told, here })
          : here();
      const iterator = events[Symbol.asyncIterator]();
      try {
        for (;;) {
          const { done, value } = await unlessAborted(iterator.next(), over);
          if (done) return;
          // Of what is no longer covered nothing more is told. Streams about several instances see to that themselves.
          if (context.method.about === 'instance') checkScope(call.request, context, labelsOf);
          // Bytes of a handler are no message yet.
          const isMessage = instance !== undefined && Buffer.isBuffer(value);
          const message = isMessage ? (value as Response) : handler.encode(value as Event);
          if (!call.write(message) && !isDetached) await unlessAborted(once(call, 'drain'), over);
        }
      } catch (error) {
        if (!isDetached) throw error;
        end(error);
        while (!(await iterator.next()).done);
      } finally {
        // Not awaited: a generator that waits for something returns only after that.
        void Promise.resolve(iterator.return?.()).catch(() => {});
      }
    };
    run().then(() => {
      if (!hasEnded) end();
    }, end);
  };
