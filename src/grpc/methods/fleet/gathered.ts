/** What came from one of several sources; without a value the source has ended. */
type Gathered<Value> = { readonly source: string; readonly value?: Value };

/** Several sources read side by side, each no further than one value ahead of what was taken. */
export type Gathering<Value> = Disposable & {
  /** Reads a source to its end, and fulfils with how that was; rejects when it failed. */
  read<End>(source: string, values: AsyncGenerator<Value, End, undefined>): Promise<End | undefined>;
  /** What came first of that which was not taken; undefined when there is nothing. */
  take(): Gathered<Value> | undefined;
};

/**
 * Nothing is read yet. Once disposed of it reads no source any further.
 *
 * @param arrived Called when there is something to take.
 */
export function gathering<Value>(arrived: () => void): Gathering<Value> {
  const waiting: (Gathered<Value> & { readonly taken: () => void })[] = [];
  let isOver = false;

  function offer(gathered: Gathered<Value>): Promise<void> {
    return new Promise(taken => {
      if (isOver) return taken();
      waiting.push({ ...gathered, taken });
      arrived();
    });
  }

  return {
    async read<End>(source: string, values: AsyncGenerator<Value, End, undefined>) {
      try {
        while (!isOver) {
          const next = await values.next();
          if (next.done) return next.value;
          await offer({ source, value: next.value });
        }
        return undefined;
      } finally {
        void offer({ source }); // Behind its last value, and not waited for: another attempt may begin.
        void values.return(undefined as End).catch(() => undefined);
      }
    },
    take() {
      const first = waiting.shift();
      first?.taken();
      return first;
    },
    [Symbol.dispose]() {
      isOver = true;
      for (const { taken } of waiting.splice(0)) taken();
    },
  };
}
