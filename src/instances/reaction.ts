import { backoffMs } from '../domain/backoff.js';
import { type Disconnect, holdOf, reactionTo } from '../domain/disconnect.js';
import type { Life } from './life.js';

/** What the next wait depends on. */
export type Streak = {
  /** Disconnects in a row that count as failures. */
  readonly failures: number;
  /** Whether the last one was a restart that WhatsApp had asked for. */
  readonly restarted: boolean;
};

export const NO_FAILURES: Streak = { failures: 0, restarted: false };

/** The state that follows a disconnect, as the table says; `connecting` means that nothing of its own is to wait for. */
export function react(
  disconnect: Disconnect,
  { failures, restarted }: Streak,
  random: () => number = Math.random,
): { readonly life: Life; readonly streak: Streak } {
  const { text: reason } = disconnect;
  const reaction = reactionTo(disconnect);
  switch (reaction) {
    case 'logged_out':
    case 'conflict':
      return { life: { state: reaction, reason }, streak: NO_FAILURES };
    case 'suspended':
      return { life: { state: reaction, reason, until: afterBan(disconnect, random) }, streak: NO_FAILURES };
    case 'restart':
      // Asked for once it costs nothing; asked for again and again it is a failure like any other.
      if (!restarted) return { life: { state: 'connecting' }, streak: { failures, restarted: true } };
      break;
    case 'back_off':
      break;
  }
  const streak = { failures: failures + 1, restarted: reaction === 'restart' };
  if (holdOf(disconnect)) return { life: { state: 'connecting' }, streak };
  const until = new Date(Date.now() + backoffMs(streak.failures, false, random));
  return { life: { state: 'backing_off', reason, until }, streak };
}

/** A little after the ban's end. */
function afterBan({ until }: Disconnect, random: () => number): Date | undefined {
  if (!until) return undefined;
  const left = Math.max(until.getTime() - Date.now(), 0);
  return new Date(until.getTime() + 0.1 * left * random());
}
