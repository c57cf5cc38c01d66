import type PQueue from 'p-queue';
import { PrivacyError } from '../../domain/errors.js';
import type { CallOptions } from '../ports/orders.js';
import { isOver, timeLeft } from './time-left.js';

/**
 * Does the work when its turn comes, within the caller's time. What has begun keeps its turn to its end, also when the
 * caller has gone: a task whose signal aborts would lose it.
 *
 * @throws PrivacyError DEADLINE_TOO_SHORT
 */
export async function queued<T>(
  queue: PQueue,
  instance: string,
  call: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  const waiting = new AbortController();
  const tooLate = new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance });
  const giveUp = () => waiting.abort(tooLate);
  const timer = setTimeout(giveUp, Math.max(timeLeft(call), 0));
  call.signal.addEventListener('abort', giveUp);
  if (call.signal.aborted || isOver(call)) giveUp();
  const begun = () => {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', giveUp);
  };
  const turn = queue.add(
    () => {
      begun();
      // The turn may have come because the time of those before it was over, too.
      if (isOver(call)) throw tooLate;
      return work();
    },
    { signal: waiting.signal },
  );
  return turn.finally(begun);
}
