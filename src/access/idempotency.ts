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
  readonly run: (
    saving: (answer: StoredAnswer) => readonly Write[],
  ) => Promise<StoredAnswer & { readonly keep: Keep }>;
};

/**
 * What is to become of an answer. `no`: nothing came of the request, and a repetition may try again; `saved`: it is
 * stored already; `first`: nothing has happened yet, and it holds unless another node has one stored by now.
 */
export type Keep = 'no' | 'yes' | 'saved' | 'first';

/** What the caller gets, and gets again. */
export type StoredAnswer = Omit<AnsweredRequest, 'digest'>;

/**
 * Runs each request once: a repetition gets the first answer, for 24 hours, and waits for it while it is being made. When
 * nothing comes of that one, the repetition is run itself: whoever was first may have had less time.
 *
 * Of several nodes that run the same at the same time one makes what is asked, and its answer, in one commit; that of
 * each other one fails, and it gives that answer.
 *
 * Another request under the same key fails with REQUEST_ID_REUSED. An answer that cannot be stored is given all the
 * same, for what it tells has happened; `onUnsaved` hears of it.
 */
export function idempotency(log: RequestLog, onUnsaved: (error: unknown) => void) {
  /** `kept` fulfils without an answer when none is to be had twice. */
  const running = new Map<string, { digest: Uint8Array; kept: Promise<StoredAnswer | undefined> }>();

  const known = ({ key, now }: IdentifiedRequest) => log.find(key, now);
  type Answer = { readonly made: StoredAnswer; readonly keep: Keep };

  async function answer(request: IdentifiedRequest): Promise<Answer> {
    const { key, digest, subject, now, run } = request;
    const before = await known(request);
    if (before) return { made: madeAs(before, request), keep: 'saved' };
    const expireTime = new Date(now.getTime() + KEEP_MS);
    const toKeep = (made: StoredAnswer): KeptAnswer => ({ ...made, key, digest, expireTime, subject });
    const saving = (stored: StoredAnswer) => log.saving(toKeep(stored), now);
    const { keep, ...made } = await run(saving).catch(async (error: unknown) => {
      const others = await known(request).catch(() => undefined);
      if (!others) throw error;
      return { ...madeAs(others, request), keep: 'saved' as const };
    });
    if (keep === 'first') {
      const saved = await log.saveFirst(toKeep(made), now).catch(onUnsaved);
      const others = saved === false ? await known(request) : undefined;
      return { made: others ? madeAs(others, request) : made, keep: 'saved' };
    }
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

/** What there is as the answer to this request, unless it is that to another. */
function madeAs(
  { answer, status, digest }: AnsweredRequest,
  { digest: asked, requestId }: IdentifiedRequest,
): StoredAnswer {
  refuseAnother(digest, asked, requestId);
  return { answer, status };
}

function refuseAnother(first: Uint8Array, second: Uint8Array, requestId: string): void {
  if (!Buffer.from(first).equals(second)) throw new PrivacyError({ kind: 'REQUEST_ID_REUSED', requestId });
}
