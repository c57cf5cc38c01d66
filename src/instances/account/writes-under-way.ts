/** Writes that may be in the store already while memory does not have them yet. */
export type WritesUnderWay = {
  /** Takes note of one, which ends when memory has it too. */
  add<T>(write: Promise<T>): Promise<T>;
  /** Fulfils when memory has all that was written until now. */
  caughtUp(): Promise<unknown>;
  /** Fulfils when none is under way, those that come of others included. */
  ended(): Promise<void>;
};

/** None at first. */
export function writesUnderWay(): WritesUnderWay {
  const writes = new Set<Promise<unknown>>();
  return {
    add(write) {
      writes.add(write);
      const ended = () => void writes.delete(write);
      write.then(ended, ended);
      return write;
    },
    caughtUp: () => Promise.allSettled(writes),
    async ended() {
      while (writes.size > 0) await Promise.allSettled(writes);
    },
  };
}
