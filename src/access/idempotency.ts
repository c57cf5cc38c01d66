import { PrivacyError } from '../domain/errors.js';
import type { AnsweredRequest, RequestLog } from './ports.js';

/** How long an answer is kept. */
const KEEP_MS = 24 * 60 * 60 * 1000;

/** A request that carries a request_id. */
export type IdentifiedRequest = {
  /** Names the request_id among all callers' ids. */
  readonly key: string;
  /** The id as the caller sent it. */
  readonly requestId: string;
  /** SHA-256 of the method and the request's bytes. */
  readonly digest: Uint8Array;
  readonly now: Date;
  /** Does what is asked. With `keep` false nothing came of it, and a repetition may try again. */
  readonly run: () => Promise<StoredAnswer & { readonly keep: boolean }>;
};

/** What the caller gets, and gets again. */
export type StoredAnswer = Omit<AnsweredRequest, 'digest'>;

/**
 * Runs each request once: a repetition gets the first answer, for 24 hours, and waits for it while it is being made.
 * Another request under the same key fails with REQUEST_ID_REUSED. An answer that cannot be stored is given all the
 * same, for what it tells has happened; `onUnsaved` hears of it.
 */
export function idempotency(log: RequestLog, onUnsaved: (error: unknown) => void) {
  const running = new Map<string, { digest: Uint8Array; answer: Promise<StoredAnswer> }>();

  async function answer({ key, requestId, digest, now, run }: IdentifiedRequest): Promise<StoredAnswer> {
    const known = await log.find(key, now);
    if (known !== undefined) {
      refuseAnother(known.digest, digest, requestId);
      return { answer: known.answer, status: known.status };
    }
    const { keep, ...made } = await run();
    if (keep) {
      await log.save(key, { ...made, digest }, new Date(now.getTime() + KEEP_MS)).catch(onUnsaved);
    }
    return made;
  }

  return async (request: IdentifiedRequest): Promise<StoredAnswer> => {
    const other = running.get(request.key);
    if (other !== undefined) {
      refuseAnother(other.digest, request.digest, request.requestId);
      return other.answer;
    }
    const made = answer(request).finally(() => running.delete(request.key));
    running.set(request.key, { digest: request.digest, answer: made });
    return made;
  };
}

function refuseAnother(first: Uint8Array, second: Uint8Array, requestId: string): void {
  if (!Buffer.from(first).equals(second)) throw new PrivacyError({ kind: 'REQUEST_ID_REUSED', requestId });
}
