import { backoffMs } from '../../domain/backoff.js';
import { type Disconnect, holdOf, reactionTo } from '../../domain/disconnect.js';
import { type Due, dueIn } from '../../domain/time/due.js';
import { msUntil } from '../../domain/time/wall-time.js';
import { backingOff, type ConnectionState } from './connection-state.js';

/** What the next wait depends on. */
export type Streak = {
  /** Disconnects in a row that count as failures. */
  readonly failures: number;
  /** Whether the last one was a restart that WhatsApp had asked for. */
  readonly restarted: boolean;
};

export const NO_FAILURES: Streak = { failures: 0, restarted: false };

/** The state that follows a disconnect, as the table says; `connecting` means that nothing of its own is to wait for. */
export function afterDisconnect(
  disconnect: Disconnect,
  { failures, restarted }: Streak,
  random: () => number = Math.random,
): { readonly next: ConnectionState; readonly streak: Streak } {
  const { text: reason } = disconnect;
  const reaction = reactionTo(disconnect);
  switch (reaction) {
    case 'logged_out':
      return { next: { state: reaction, reason, code: disconnect.code }, streak: NO_FAILURES };
    case 'conflict':
      return { next: { state: reaction, reason }, streak: NO_FAILURES };
    case 'suspended':
    case 'back_off':
      break;
    case 'restart':
      // Asked for once it costs nothing; asked for again and again it is a failure like any other.
      if (!restarted) return { next: { state: 'connecting' }, streak: { failures, restarted: true } };
      break;
  }
  const streak = { failures: failures + 1, restarted: reaction === 'restart' };
  if (holdOf(disconnect)) return { next: { state: 'connecting' }, streak };

  const waitMs = backoffMs('dial', streak.failures, random);
  if (reaction === 'suspended') return { next: { state: reaction, reason, ...afterBan() }, streak };
  return { next: backingOff(waitMs, disconnect), streak };

  /** A little after the ban's end; undefined when nobody knows that. */
  function afterBan(): Due | undefined {
    if (!disconnect.until) return undefined;
    return dueIn(Math.max(msUntil(disconnect.until) * (1 + 0.1 * random()), waitMs));
  }
}
