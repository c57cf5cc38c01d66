import { createHash } from 'node:crypto';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { idempotency } from '../../access/idempotency.js';
import type { RequestLog } from '../../access/ports.js';
import { PrivacyError } from '../../domain/errors.js';
import type { ApiEvents } from '../errors/safe-events.js';
import { FirstAnswer, statusOf } from '../errors/statuses.js';
import type { Method } from '../method.js';

/** A request that may carry a request_id; with an empty one it is just run. */
export type IdempotentRequest<Response> = {
  readonly method: Method;
  /** Within what the request_id must be its own. */
  readonly scope: string;
  readonly requestId: string;
  readonly digest: () => Uint8Array;
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
   * @param run What is asked; `keep` tells whether a repetition gets this answer. An error is kept when something was
   *   sent to WhatsApp.
   */
  return async function answer<Response>(
    { method, scope, requestId, digest, codec }: IdempotentRequest<Response>,
    run: () => Promise<{ response: Response; keep: boolean }>,
  ): Promise<Response> {
    if (requestId === '') return (await run()).response;
    const first = await runOnce({
      key: `${scope}/${requestId.toLowerCase()}`,
      requestId,
      digest: digest(),
      now: new Date(now()),
      run: async () => {
        try {
          const { response, keep } = await run();
          return { answer: codec.encode(response).finish(), status: 'response', keep };
        } catch (error) {
          if (!(error instanceof PrivacyError && error.update?.sent)) throw error;
          const status = statusOf(error, { method, requestId: undefined, now: now() });
          return { answer: Status.encode(status).finish(), status: 'error', keep: true };
        }
      },
    });
    if (first.status === 'error') throw new FirstAnswer(Status.decode(first.answer));
    return codec.decode(first.answer);
  };
}
