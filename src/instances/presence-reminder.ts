import type { Instance } from '../domain/instance.js';
import { msSince } from '../domain/time/wall-time.js';
import { lastSignOf } from './member/inactivity.js';
import type { InstanceLog } from './ports/ports.js';

const DAY_MS = 86_400_000;
/** Phones have been seen to warn after about 14 days without "available". */
const REMIND_AFTER_DAYS = 12;
const LOOK_EVERY_MS = 60 * 60_000;

/**
 * Tells once for each linked instance that it has long said nothing of being available, until it says something.
 * Gives what ends that.
 */
export function remindOfPresence(
  instances: () => readonly Instance[],
  log: Pick<InstanceLog, 'presenceOverdue'>,
): () => void {
  const reminded = new Map<string, number>();
  function look() {
    for (const { name, state, ...times } of instances()) {
      const since = lastSignOf(times);
      const days = since ? Math.floor(msSince(since) / DAY_MS) : 0;
      if (!since || state === 'UNLINKED' || state === 'LOGGED_OUT' || days < REMIND_AFTER_DAYS) continue;
      if (reminded.get(name) === since.getTime()) continue;
      reminded.set(name, since.getTime());
      log.presenceOverdue({ instance: name, days });
    }
  }
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
