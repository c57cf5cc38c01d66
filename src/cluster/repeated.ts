import { clock } from '../domain/time/clock.js';

/** Two turns are so far apart at least, and so many times as far as one took. */
const APART_MS = 100;
const APART = 4;

/** Something that is done now and then. */
export type Repeated = {
  /** Not before. */
  begin(): void;
  /** Not only when it is due: something has happened. */
  soon(): void;
  /** Fulfils when it is not done any more. */
  stop(): Promise<void>;
};

/** Does it so long after each end of it, one at a time; it must not reject. */
export function repeated(everyMs: number, work: () => Promise<void>): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isOn = false;
  let earliest = clock();

  function planFor(at: number) {
    clearTimeout(timer);
    if (!isOn) return;
    timer = setTimeout(
      () => {
        running = run();
      },
      Math.max(at - clock(), 0),
    );
  }
  async function run() {
    isWanted = false;
    const beganAt = clock();
    await work();
    const endedAt = clock();
    earliest = endedAt + Math.min(Math.max(APART_MS, APART * (endedAt - beganAt)), everyMs);
    running = undefined;
    planFor(isWanted ? earliest : endedAt + everyMs);
  }

  return {
    begin() {
      isOn = true;
      planFor(isWanted ? earliest : clock() + everyMs);
    },
    soon() {
      isWanted = true;
      if (!running) planFor(earliest);
    },
    async stop() {
      isOn = false;
      clearTimeout(timer);
      await running;
    },
  };
}
