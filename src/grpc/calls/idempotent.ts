import { createHash } from 'node:crypto';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { idempotency, type Keep, type StoredAnswer } from '../../access/idempotency.js';
import type { AnswerSubject, RequestLog } from '../../access/ports.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Write } from '../../domain/write.js';
import type { ApiEvents } from '../errors/api-events.js';
import { FirstAnswer, statusOf } from '../errors/statuses.js';
import type { Method } from '../method.js';

/** A request that may carry a request_id; with an empty one it is just run. */
export type IdempotentRequest<Response> = {
  readonly method: Method;
  /** Within what the request_id must be its own. */
  readonly scope: string;
  readonly requestId: string;
  readonly digest: () => Uint8Array;
  /** What the answer speaks of, and is forgotten with. */
  readonly subject: AnswerSubject | undefined;
  /** Of the call. */
  readonly signal: AbortSignal;
  readonly codec: {
    encode(response: Response): { finish(): Uint8Array };
    decode(bytes: Uint8Array): Response;
  };
};

/**
 * Tells one request from another: SHA-256 of the method's name and the request's bytes, without the request_id. Made
 * when it is asked for, as few requests have a request_id.
 */
export function digestOf({ name }: Method, request: () => Uint8Array): () => Uint8Array {
  let digest: Uint8Array | undefined;
  return () => {
    digest ??= createHash('sha256').update(`${name}\n`).update(request()).digest();
    return digest;
  };
}

/** Answers requests with a known request_id as the first time. */
export type Idempotent = ReturnType<typeof idempotent>;

export function idempotent(log: RequestLog, events: Pick<ApiEvents, 'taskFailed'>, now: () => number) {
  const runOnce = idempotency(log, cause =>
    events.taskFailed({ task: 'save the answer to a request', cause }),
  );

  /**
   * @param run What is asked; `saving` is what stores the response for a repetition, where one may come, and belongs into
   *   the commit of what it tells when `keep` is `saved`. An error is kept when something was sent to WhatsApp.
   */
  return async function answer<Response>(
    { method, scope, requestId, digest, codec, ...request }: IdempotentRequest<Response>,
    run: (saving: (response: Response) => readonly Write[]) => Promise<{ response: Response; keep: Keep }>,
  ): Promise<Response> {
    if (requestId === '') return (await run(() => [])).response;
    const encode = (response: Response): StoredAnswer => ({
      answer: codec.encode(response).finish(),
      status: 'response',
    });
    const first = await runOnce({
      ...request,
      key: `${scope}/${requestId.toLowerCase()}`,
      requestId,
      digest: digest(),
      now: new Date(now()),
      run: async saving => {
        try {
          const { response, keep } = await run(made => saving(encode(made)));
          return { ...encode(response), keep };
        } catch (error) {
          if (!(error instanceof PrivacyError && error.update?.sent)) throw error;
          const status = statusOf(error, { method, requestId: undefined, now: now() });
          return { answer: Status.encode(status).finish(), status: 'error', keep: 'yes' };
        }
      },
    });
    if (first.status === 'error') throw new FirstAnswer(Status.decode(first.answer));
    return codec.decode(first.answer);
  };
}
