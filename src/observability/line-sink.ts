/** Offers bytes to what takes them; `done` hears, later, how many were taken: 0 when that failed. */
export type Offer = (bytes: Uint8Array, done: (taken: number) => void) => void;

/** Where lines go. Nobody ever waits for it. */
export type LineSink = {
  write(line: string): void;
  /** Offers what waits at once. */
  flush(): void;
  /** Fulfils when nothing waits any more, or after so long. */
  finish(ms: number): Promise<void>;
  /** Hears how many lines had no room, as soon as there is some again. */
  onDropped(tell: (count: number) => void): void;
  /** What waits and has not been offered, for the end of the process. */
  rest(): string;
};

/** Lines are offered together, for a system call costs as much as a tenth of the call it tells of. */
const TOGETHER = 32_768;
const TOGETHER_MS = 50;
/** Characters that may wait, and as many may be on offer: some thousand lines. */
export const MOST_WAITING = 1_048_576;
const AGAIN_MS = 1_000;

/** Lines for what may be slow, full or gone: they wait in a bounded room, and those that find none are counted. */
export function lineSink(offer: Offer): LineSink {
  let waiting = '';
  let dropped = 0;
  let isOffering = false;
  let timer: NodeJS.Timeout | undefined;
  let tellDropped: (count: number) => void = () => undefined;
  let idle = Promise.withResolvers<void>();

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    if (isOffering || waiting === '') return;
    isOffering = true;
    const bytes = Buffer.from(waiting);
    waiting = '';
    offerAll(bytes);
  }

  function offerAll(bytes: Uint8Array) {
    offer(bytes, taken => {
      const rest = bytes.subarray(taken);
      if (taken === 0) setTimeout(offerAll, AGAIN_MS, bytes).unref();
      else if (rest.length > 0) offerAll(rest);
      else allTaken();
    });
  }

  function allTaken() {
    isOffering = false;
    flush(); // What waited is older than what is told now.
    const count = dropped;
    dropped = 0;
    if (count > 0) tellDropped(count);
    if (isOffering || waiting !== '') return;
    idle.resolve();
    idle = Promise.withResolvers();
  }

  return {
    write(line) {
      if (waiting.length + line.length > MOST_WAITING) dropped++;
      else waiting += line;
      if (waiting.length >= TOGETHER) flush();
      else timer ??= setTimeout(flush, TOGETHER_MS);
    },
    flush,
    async finish(ms) {
      flush();
      if (!isOffering) return;
      let patience: NodeJS.Timeout | undefined;
      const over = new Promise<void>(resolve => {
        patience = setTimeout(resolve, ms);
      });
      await Promise.race([idle.promise, over]);
      clearTimeout(patience);
    },
    onDropped(tell) {
      tellDropped = tell;
    },
    rest: () => waiting,
  };
}
