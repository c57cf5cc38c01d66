/** How the work on one of several things ended. */
export type Ended<T> = { readonly index: number; readonly result: T };

/** How many are worked on at the same time. */
export type Width = {
  /** Whatever else goes on. */
  readonly atLeast: number;
  readonly atMost: number;
  /** Fulfils when there is room for one more than that least. */
  readonly room: () => Promise<void>;
};

/**
 * Works on several things, so many at once, and tells of each as it ends. Begins more only while it is asked for the
 * next end: leaving the iteration begins nothing more, and what has begun goes on alone.
 *
 * @param work Never rejects.
 * @param mayBegin Asked before each beginning; once it says no, the iteration ends with what has begun.
 */
export async function* asCompleted<Thing, T>(
  things: readonly Thing[],
  { atLeast, atMost, room }: Width,
  work: (thing: Thing, index: number) => Promise<T>,
  mayBegin: () => boolean,
): AsyncGenerator<Ended<T>, void, undefined> {
  const ended: Ended<T>[] = [];
  let [begun, running, hasRoom, isAsking] = [0, 0, false, false];
  let isOver = false;
  let changed = Promise.withResolvers<void>();

  function begin() {
    isOver ||= begun === things.length || !mayBegin();
    if (isOver) return;
    const index = begun++;
    running++;
    void work(things[index] as Thing, index).then(result => {
      running--;
      ended.push({ index, result });
      changed.resolve();
    });
  }
  async function askForRoom() {
    isAsking = true;
    await room();
    isAsking = false;
    hasRoom = true;
    changed.resolve();
  }

  for (;;) {
    while (!isOver && running < atLeast) begin();
    if (!isOver && hasRoom && running < atMost) {
      hasRoom = false;
      begin();
    }
    const next = ended.shift();
    if (next) {
      yield next;
    } else if (running === 0) {
      return;
    } else {
      if (!isOver && !hasRoom && !isAsking && running < atMost) void askForRoom();
      await changed.promise;
      changed = Promise.withResolvers();
    }
  }
}
