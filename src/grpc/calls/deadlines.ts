import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Author } from '../../domain/author.js';
import { PrivacyError } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import { wallMs } from '../../domain/time/wall-time.js';
import type { CallOptions } from '../../instances/ports/orders.js';
import type { Method } from '../method.js';
import { namedInstance } from './named-instances.js';

/** Nothing new is started this long before the deadline, so that the outcomes still arrive. */
const MARGIN_MS = 150;
/** What has not ended by then is answered without it, before grpc-js answers without details. */
const LAST_MOMENT_MS = 50;

/** Why a stream is over that has lasted as long as it may, and ends well. */
export const LASTED = new Error('the stream has lasted as long as it may');

type AnyCall<Request, Response> =
  | ServerUnaryCall<Request, Response>
  | ServerWritableStream<Request, Response>;

/** How long a running call may take, until it is disposed of. */
export type RunningCall = CallOptions &
  Disposable & {
    /** What the promise brings, or why the call ended when that is first. */
    readonly unlessEnded: <T>(work: PromiseLike<T> | T) => Promise<T>;
  };

/** The deadline and the signal of a running call. Few calls wait for anything, so the signal is made when asked for. */
export function startDeadline<Request, Response>(
  call: AnyCall<Request, Response>,
  method: Pick<Method, 'about' | 'deadlines'>,
  author?: Author,
): RunningCall {
  const { maximumMs, defaultMs, endsWell } = method.deadlines;
  const callersMs = Number(call.getDeadline()) - wallMs(); // grpc-js made it of this, just now.
  const lastsMs = Math.min(callersMs, callersMs === Infinity ? defaultMs : maximumMs);
  let ended: { readonly why: Error } | undefined;
  let controller: AbortController | undefined;
  let leave: ((why: Error) => void) | undefined;

  function end(why: Error) {
    ended ??= { why };
    controller?.abort(why);
    leave?.(why);
  }
  const tooShort = () => {
    const instance = namedInstance(call.request, method);
    return new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', ...(instance !== undefined && { instance }) });
  };
  const tooLate = () => end(lastsMs < callersMs && endsWell ? LASTED : tooShort());
  const timer = setTimeout(tooLate, Math.max(lastsMs - LAST_MOMENT_MS, 0));
  const gone = () => end(new Error('the caller has gone'));
  call.once('cancelled', gone);

  return {
    deadline: clock() + lastsMs - MARGIN_MS,
    author,
    get signal() {
      controller ??= new AbortController();
      if (ended) controller.abort(ended.why);
      return controller.signal;
    },
    unlessEnded: work =>
      new Promise((resolve, reject) => {
        leave = reject;
        Promise.resolve(work).then(resolve, reject);
        if (ended) reject(ended.why);
      }),
    [Symbol.dispose]() {
      clearTimeout(timer);
      call.off('cancelled', gone); // A call is "cancelled" also after its status.
    },
  };
}

/** The same for what goes on without its caller: as long as the method lasts at most. */
export function longestDeadline({ deadlines }: Pick<Method, 'deadlines'>): CallOptions & Disposable {
  const ended = new AbortController();
  const tooLate = () => ended.abort(new PrivacyError({ kind: 'DEADLINE_TOO_SHORT' }));
  const timer = setTimeout(tooLate, deadlines.maximumMs - LAST_MOMENT_MS);
  return {
    deadline: clock() + deadlines.maximumMs - MARGIN_MS,
    signal: ended.signal,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** What the promise brings, or the signal's reason when that aborts first. */
export function unlessAborted<T>(promise: PromiseLike<T> | T, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const leaving =
      <Result>(settle: (result: Result) => void) =>
      (result: Result) => {
        signal.removeEventListener('abort', abort);
        settle(result);
      };
    Promise.resolve(promise).then(leaving(resolve), leaving(reject));
  });
}
