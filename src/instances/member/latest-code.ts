import type { LinkCode } from '../account/ports.js';

/** Hands over the newest code: one that nobody took yet is replaced, for the phone takes only the newest. */
export function latestCode() {
  let newest: LinkCode | undefined;
  let ended = false;
  let wake = () => {};
  return {
    show: (code: LinkCode) => {
      newest = code;
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<LinkCode, void, undefined> {
      while (!ended) {
        const code = newest;
        newest = undefined;
        if (code) yield code;
        else await new Promise<void>(resolve => (wake = resolve));
      }
    },
  };
}
