/** How long the end of a session waits for the store. */
const PATIENCE_MS = 5_000;

/** The writes of one session to the store, one after another in the order given. */
export type WriteQueue = {
  readonly add: (job: () => Promise<void>) => Promise<void>;
  /** Takes no more; fulfils when those taken are done, or the store does not answer. */
  readonly finish: () => Promise<void>;
};

/**
 * A failed write also stops those behind it, for their order counts: Baileys stores the next pre-key id before the
 * keys, so that a crash in between skips ids; the other way round they would be given out twice.
 */
export function writeQueue(onFailure: (cause: unknown) => void): WriteQueue {
  let last: Promise<void> = Promise.resolve();
  let isFinished = false;
  let hasFailed = false;
  return {
    add(job) {
      if (isFinished) return Promise.reject(new Error('the session has ended'));
      last = last.then(job);
      last.catch(cause => {
        if (hasFailed) return;
        hasFailed = true;
        onFailure(cause);
      });
      return last;
    },
    async finish() {
      isFinished = true;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise(resolve => {
        timer = setTimeout(resolve, PATIENCE_MS);
      });
      await Promise.race([last.catch(() => undefined), patience]);
      clearTimeout(timer);
    },
  };
}
