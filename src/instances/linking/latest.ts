/** Hands over the newest of what is shown: one that nobody took yet is replaced, for only the newest holds. */
export function latest<Shown>() {
  let newest: Shown | undefined;
  let ended = false;
  let wake = () => {};
  return {
    show: (shown: Shown) => {
      newest = shown;
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Shown, void, undefined> {
      while (!ended) {
        const shown = newest;
        newest = undefined;
        if (shown) yield shown;
        else await new Promise<void>(resolve => (wake = resolve));
      }
    },
  };
}
