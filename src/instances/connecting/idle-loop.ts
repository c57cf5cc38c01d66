/** The share of the time that this node may be busy when it dials: the rest is for calls. */
const BUSY_SHARE = 0.85;
/** Over which that is looked at. */
const LOOK_MS = 5;
/** On a node that is busy with other things dials go on all the same. */
const LONGEST_WAIT_MS = 200;

/** What each call gives fulfils when the event loop has had time to spare, for one call after another. */
export function idleLoop(): () => Promise<void> {
  let last = Promise.resolve();
  async function wait(): Promise<void> {
    for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS; waitedMs += LOOK_MS) {
      const before = performance.eventLoopUtilization();
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
      if (performance.eventLoopUtilization(before).utilization < BUSY_SHARE) return;
    }
  }
  return () => {
    last = last.then(wait);
    return last;
  };
}
