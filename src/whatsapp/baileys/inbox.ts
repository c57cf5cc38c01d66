import { FrameTooLong, LONGEST_FRAME } from './frame-bounds.js';
import { withoutStacks } from './without-stacks.js';

/** What has arrived and is not handled yet. */
export type Inbox = {
  /** Takes in what a WebSocket message holds: frames, or parts of them. */
  push(bytes: Buffer): void;
  /** Does this once everything that arrived before is handled; at once when that is so already. */
  after(job: () => void): void;
};

/**
 * Hands over one frame at a time, each when the one before is handled. Baileys inflates a compressed frame
 * asynchronously, and would give out a plain one that came after it first: an old answer in place of a newer one. It
 * would also leave what follows an unreadable frame in the same message until the next message.
 *
 * @param handle Is given a frame with its length of three bytes in front.
 * @param onUnreadable Is told what came of a frame that cannot be handled, and how long that is.
 */
export function inbox(
  handle: (frame: Buffer) => unknown,
  onUnreadable: (cause: unknown, bytes: number) => void,
): Inbox {
  let begun: Buffer = EMPTY;
  let handled = Promise.resolve();
  let waiting = 0;

  function inTurn(job: () => unknown, onFailure?: (cause: unknown) => void) {
    waiting++;
    handled = handled
      .then(job)
      .then(undefined, onFailure)
      .then(() => {
        waiting--;
      });
  }

  return {
    push(bytes) {
      begun = begun.length > 0 ? Buffer.concat([begun, bytes]) : bytes;
      while (begun.length >= HEADER) {
        const end = HEADER + begun.readUIntBE(0, HEADER);
        if (end - HEADER > LONGEST_FRAME) {
          // It is not waited for, and what follows it cannot be told from it.
          begun = EMPTY;
          onUnreadable(new FrameTooLong(), end - HEADER);
          return;
        }
        if (begun.length < end) return;
        const frame = begun.subarray(0, end);
        begun = end < begun.length ? begun.subarray(end) : EMPTY;
        inTurn(
          () => withoutStacks(() => handle(frame)),
          cause => onUnreadable(cause, end - HEADER),
        );
      }
    },
    after(job) {
      if (waiting === 0) job();
      else inTurn(job);
    },
  };
}

const EMPTY = Buffer.alloc(0);
/** Bytes of the length before each frame. */
const HEADER = 3;
