import { type Disconnect, reactionTo } from '../../domain/disconnect.js';
import { msSince } from '../../domain/time/wall-time.js';
import type { InstanceRecord } from '../ports/store.js';

const DAY_MS = 86_400_000;
/** By reports a phone shows its notice of an inactive device after so long. */
const SUSPICIOUS_DAYS = 14;

/** When an instance last told its presence, or was linked. */
export const lastSignOf = ({
  linkTime,
  lastPresenceTime,
}: Pick<InstanceRecord, 'linkTime' | 'lastPresenceTime'>): Date | undefined =>
  !linkTime || (lastPresenceTime && lastPresenceTime > linkTime) ? lastPresenceTime : linkTime;

/** The end of a link, with the time that the device said nothing as a possible cause. */
export function withInactivity(disconnect: Disconnect, record: InstanceRecord): Disconnect {
  const since = lastSignOf(record);
  const days = since ? Math.floor(msSince(since) / DAY_MS) : 0;
  if (reactionTo(disconnect) !== 'logged_out' || days < SUSPICIOUS_DAYS) return disconnect;
  const text = `${disconnect.text}; a possible cause: it had said nothing of being available for ${days} days`;
  return { ...disconnect, text };
}
