import { clock } from '../../domain/time/clock.js';

/**
 * At most, so that a thousand instances which start or are dropped together do not dial together; on a busy node the
 * processor sets the pace.
 */
export const DIALS_PER_SECOND = 500;
/** How often is looked whether there is time to spare. */
const LOOK_MS = 5;
/** With turns of the event loop this short, one dial more may begin at the next look. */
const SHORT_TURN_MS = 3;
/** With longer ones none begins: calls are answered between two turns. */
const LONG_TURN_MS = 12;
/** Unless the loop was not busy for more than this share of the time: then it is another process that makes timers late. */
const BUSY_SHARE = 0.85;
const MOST_TOGETHER = 8;
/** On a node that is busy with other things dials go on all the same. */
const LONGEST_WAIT_MS = 200;

/**
 * What each call gives fulfils when the event loop has time to spare, in the order of the calls: the more of them at a
 * look, the longer there has been some. That is told by how late a timer is.
 *
 * @param now Milliseconds by a clock that is never set back.
 * @param busyShare Tells the share of the time since it was called last that the event loop was busy.
 */
export function spareTime(
  now: () => number = clock,
  busyShare: () => number = shareOfLoop(),
): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lookedAt = 0;
  let begunAt = 0;
  let share = 1;
  /** How many the pace allows, the first at once; what is not used up at a look is not kept for long. */
  let allowed = 0;

  function wait() {
    lookedAt = now();
    timer = setTimeout(look, LOOK_MS);
  }

  function look() {
    const at = now();
    const passedMs = at - lookedAt;
    const lateMs = passedMs - LOOK_MS;
    allowed = Math.min(allowed + (passedMs * DIALS_PER_SECOND) / 1000, MOST_TOGETHER);
    share = lateMs <= SHORT_TURN_MS ? Math.min(share + 1, MOST_TOGETHER) : 1;
    const isBusy = busyShare() > BUSY_SHARE;
    if (!isBusy || lateMs <= LONG_TURN_MS || at - begunAt >= LONGEST_WAIT_MS) {
      const begun = waiting.splice(0, Math.min(share, Math.floor(allowed)));
      allowed -= begun.length;
      begunAt = at;
      for (const begin of begun) begin();
    }
    timer = undefined;
    if (waiting.length > 0) wait();
  }

  return () =>
    new Promise(resolve => {
      waiting.push(resolve);
      if (timer) return;
      allowed = 1;
      share = 1;
      begunAt = now();
      busyShare();
      wait();
    });
}

function shareOfLoop(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const until = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(until, before);
    before = until;
    return utilization;
  };
}
