import { PrivacyError } from '../domain/errors.js';
import type { Write } from '../domain/write.js';
import type { AnsweredRequest, KeptAnswer, RequestLog } from './ports.js';

/** How long an answer is kept. */
export const KEEP_MS = 24 * 60 * 60 * 1000;

/** A request that carries a request_id. */
export type IdentifiedRequest = {
  /** Names the request_id among all callers' ids. */
  readonly key: string;
  /** The id as the caller sent it. */
  readonly requestId: string;
  /** SHA-256 of the method and the request's bytes. */
  readonly digest: Uint8Array;
  /** What its answer speaks of, and is forgotten with. */
  readonly subject: KeptAnswer['subject'];
  readonly now: Date;
  /** Aborts when its caller waits no longer. */
  readonly signal: AbortSignal;
  /** Does what is asked; `saving` is how an answer is stored together with what it tells. */
  readonly run: (saving: (answer: StoredAnswer) => Write) => Promise<StoredAnswer & { readonly keep: Keep }>;
};

/**
 * What is to become of an answer. `no`: nothing came of the request, and a repetition may try again; `saved`: it is
 * stored already.
 */
export type Keep = 'no' | 'yes' | 'saved';

/** What the caller gets, and gets again. */
export type StoredAnswer = Omit<AnsweredRequest, 'digest'>;

/**
 * Runs each request once: a repetition gets the first answer, for 24 hours, and waits for it while it is being made. When
 * nothing comes of that one, the repetition is run itself: whoever was first may have had less time.
 *
 * Another request under the same key fails with REQUEST_ID_REUSED. An answer that cannot be stored is given all the
 * same, for what it tells has happened; `onUnsaved` hears of it.
 */
export function idempotency(log: RequestLog, onUnsaved: (error: unknown) => void) {
  /** `kept` fulfils without an answer when none is to be had twice. */
  const running = new Map<string, { digest: Uint8Array; kept: Promise<StoredAnswer | undefined> }>();

  async function answer(request: IdentifiedRequest): Promise<{ made: StoredAnswer; keep: Keep }> {
    const { key, requestId, digest, subject, now, run } = request;
    const known = await log.find(key, now);
    if (known !== undefined) {
      refuseAnother(known.digest, digest, requestId);
      return { made: { answer: known.answer, status: known.status }, keep: 'saved' };
    }
    const expireTime = new Date(now.getTime() + KEEP_MS);
    const toKeep = (made: StoredAnswer): KeptAnswer => ({ ...made, key, digest, expireTime, subject });
    const { keep, ...made } = await run(stored => log.saving(toKeep(stored)));
    if (keep === 'yes') await log.save(toKeep(made)).catch(onUnsaved);
    return { made, keep };
  }

  return async (request: IdentifiedRequest): Promise<StoredAnswer> => {
    const { key, digest, requestId, signal } = request;
    for (let other = running.get(key); other !== undefined; other = running.get(key)) {
      refuseAnother(other.digest, digest, requestId);
      const kept = await other.kept;
      if (kept !== undefined) return kept;
      signal.throwIfAborted();
    }
    const run = answer(request).finally(() => running.delete(key));
    const kept = run.then(
      ({ made, keep }) => (keep === 'no' ? undefined : made),
      () => undefined,
    );
    running.set(key, { digest, kept });
    return (await run).made;
  };
}

function refuseAnother(first: Uint8Array, second: Uint8Array, requestId: string): void {
  if (!Buffer.from(first).equals(second)) throw new PrivacyError({ kind: 'REQUEST_ID_REUSED', requestId });
}
