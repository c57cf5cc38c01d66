/** The writes of one session to the store, one after another in the order given. */
export type Writes = {
  add(job: () => Promise<void>): Promise<void>;
  /** Takes no more; fulfils when those taken are done. */
  finish(): Promise<void>;
};

/**
 * A failed write also stops those behind it, for their order counts: Baileys stores the next pre-key id before the
 * keys, so that a crash in between skips ids; the other way round they would be given out twice.
 */
export function writes(onFailure: (cause: unknown) => void): Writes {
  let last: Promise<void> = Promise.resolve();
  let isFinished = false;
  return {
    add(job) {
      if (isFinished) return Promise.reject(new Error('the session has ended'));
      last = last.then(job);
      last.catch(onFailure);
      return last;
    },
    async finish() {
      isFinished = true;
      await last.catch(() => undefined);
    },
  };
}
