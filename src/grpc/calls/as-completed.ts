/** How the work on one of several things ended. */
export type Ended<T> = { readonly index: number; readonly result: T };

/**
 * Works on several things, so many at once, and tells of each as it ends. Begins the next only when it is asked for
 * the next end: leaving the iteration begins nothing more, and what has begun goes on alone.
 *
 * @param work Never rejects.
 * @param mayBegin Asked before each beginning; once it says no, the iteration ends with what has begun.
 */
export async function* asCompleted<Thing, T>(
  things: readonly Thing[],
  atOnce: number,
  work: (thing: Thing, index: number) => Promise<T>,
  mayBegin: () => boolean,
): AsyncGenerator<Ended<T>, void, undefined> {
  const running = new Map<number, Promise<Ended<T>>>();
  const waiting = things.entries();
  const begin = (): boolean => {
    const next = running.size < atOnce && mayBegin() ? waiting.next() : undefined;
    if (!next || next.done) return false;
    const [index, thing] = next.value;
    running.set(
      index,
      work(thing, index).then(result => ({ index, result })),
    );
    return true;
  };
  for (;;) {
    while (begin());
    if (running.size === 0) return;
    const ended = await Promise.race(running.values());
    running.delete(ended.index);
    yield ended;
  }
}
