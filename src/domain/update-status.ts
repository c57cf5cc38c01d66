import type { Problem } from './errors.js';
import type { Cause, Outcome, OutcomeState, UpdateReport } from './outcome.js';

const MISSED: readonly OutcomeState[] = ['FAILED', 'UNKNOWN', 'NOT_ATTEMPTED'];

/**
 * The outcome an update's error message is about: the first one missed, in the order sent; where the rest is rolled
 * back, the first that was not.
 */
export function firstMissed(outcomes: readonly Outcome[]): Outcome | undefined {
  const isRolledBack = outcomes.some(({ state }) => state === 'ROLLED_BACK');
  return (
    outcomes.find(({ state }) => MISSED.includes(state)) ??
    outcomes.find(({ state }) => isRolledBack && state === 'APPLIED')
  );
}

/**
 * The problem an update ends with; undefined when every outcome is as asked. These are lines 9 to 12 of "The status of
 * an update" in the contract.
 *
 * @param retryAfterMs When WhatsApp's rate limit for the account ends.
 */
export function problemOf(
  { instance, outcomes }: UpdateReport,
  outOfTime: boolean,
  retryAfterMs: number,
): Problem | undefined {
  const first = firstMissed(outcomes);
  if (!first) return undefined;
  if (outOfTime) return { kind: 'DEADLINE_TOO_SHORT', instance };

  const failed = outcomes.filter(({ state }) => state === 'FAILED');
  const decisive = failed.length > 0 ? failed : outcomes.filter(({ state }) => state === 'NOT_ATTEMPTED');
  const reasons = new Set(decisive.map(({ cause }) => cause?.reason));
  const changed = outcomes.some(({ state }) => state === 'APPLIED' || state === 'UNKNOWN');
  const cause = decisive[0]?.cause;
  if (changed || reasons.size !== 1 || !cause)
    return { kind: 'PARTIAL_UPDATE', instance, setting: first.setting };
  return problemFor(instance, decisive[0] as Outcome, cause, retryAfterMs);
}

function problemFor(instance: string, { setting }: Outcome, cause: Cause, retryAfterMs: number): Problem {
  const { reason, whatsappCode, whatsappText } = cause;
  const about = { instance, setting, ...(whatsappCode !== undefined && { whatsappCode }) };
  switch (reason) {
    case 'WHATSAPP_RATE_LIMITED':
      return { kind: reason, ...about, retryAfterMs };
    case 'WHATSAPP_REJECTED':
      return { kind: reason, ...about, ...(whatsappText !== undefined && { whatsappText }) };
    case 'WHATSAPP_TIMEOUT':
    case 'CONNECTION_LOST':
      return { kind: reason, instance, setting };
    case 'WHATSAPP_UNCLEAR':
    case 'BLACKLIST_CONFLICT':
      return { kind: reason, ...about };
    case 'INSTANCE_NOT_CONNECTED':
      return { kind: reason, instance, state: 'CONNECTING' };
    case 'DEADLINE_TOO_SHORT':
      return { kind: reason, instance };
    // These refuse an update before it has outcomes to weigh.
    case 'INSTANCE_NOT_LINKED':
    case 'INSTANCE_LOGGED_OUT':
    case 'INSTANCE_SUSPENDED':
    case 'CLIENT_OUTDATED':
    case 'PROXY_FAILED':
    case 'SETTING_NOT_AVAILABLE':
    case 'SETTING_LOCKED':
    case 'ETAG_MISMATCH':
    case 'RATE_LIMITED':
      return { kind: 'PARTIAL_UPDATE', instance, setting };
  }
}
