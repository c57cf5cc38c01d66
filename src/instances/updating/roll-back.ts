import type { Cause, Outcome } from '../../domain/outcome.js';
import { inverted } from '../../domain/settings/plan.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import type { Account } from '../account/account.js';
import { MIN_ROOM_MS, timeLeft } from '../account/time-left.js';
import { settingEvidence } from '../judging/evidence.js';
import { heldBack } from '../judging/failed-read.js';
import { afterRead } from '../judging/ledger.js';
import type { CallOptions } from '../ports/orders.js';
import { type ListsBefore, lostLists } from './lists-before.js';
import { type Execution, sendWaves } from './send-waves.js';

const NOT_ROLLED_BACK: Cause = {
  reason: 'WHATSAPP_REJECTED',
  message: 'it was applied and could not be set back to its previous value',
};

/** Why it is not set back: whatever the cause is of, the outcome is of the change before. */
const notSetBack = (cause: Cause): Cause => ({
  ...cause,
  message: `it was applied; of setting it back: ${cause.message}`,
});

const LIST_LOST: Cause = {
  reason: 'WHATSAPP_REJECTED',
  message: 'its value was set back, but its list of contacts is not known to be what it was',
};

/**
 * Sets back what was applied when something else was not, the last change first. What cannot be set back stays APPLIED
 * and says why. Goes on when the caller has gone: half an update is what the caller did not want.
 */
export async function rollBack(
  account: Account,
  execution: Execution,
  lists: ListsBefore,
  call: CallOptions,
): Promise<Execution> {
  const applied = execution.outcomes.filter(({ state }) => state === 'APPLIED');
  const isWhole = applied.length === execution.outcomes.length && execution.unchanged.every(isUnchanged);
  if (applied.length === 0 || isWhole) return execution;

  // As it is when the read after the rollback leaves, at the latest.
  const open = new Set(execution.outcomes.map(({ setting }) => setting).filter(execution.mayTakeEffect));
  const unattended = { ...call, signal: new AbortController().signal };
  const undone = await undo(account, inverted(applied.map(asChange)), unattended);
  const isSetBack = ({ setting }: Outcome) =>
    undone?.outcomes.some(back => back.setting === setting && back.state === 'APPLIED') ?? false;
  const lost = await lostLists(account, lists, applied.filter(isSetBack), unattended);
  const outcomes = execution.outcomes.map(outcome => {
    if (outcome.state !== 'APPLIED') return undone?.settings ? seen(outcome, undone.settings) : outcome;
    if (lost.includes(outcome.setting)) return { ...outcome, state: 'UNKNOWN' as const, cause: LIST_LOST };
    if (isSetBack(outcome)) return { ...outcome, state: 'ROLLED_BACK' as const };
    const back = undone?.outcomes.find(({ setting }) => setting === outcome.setting);
    // Where one refusal was false already, only a read tells what another means.
    const isOpen = !undone?.settings && execution.wasRefusedFalsely(outcome.setting);
    const state = back?.state === 'UNKNOWN' || isOpen ? ('UNKNOWN' as const) : outcome.state;
    return { ...outcome, state, cause: back?.cause ? notSetBack(back.cause) : NOT_ROLLED_BACK };
  });
  /** What the read after the rollback tells of a change that was not set back. */
  function seen(outcome: Outcome, settings: Snapshot): Outcome {
    const shown = settingEvidence(settings, asChange(outcome));
    const known = afterRead(outcome, shown, open.has(outcome.setting));
    return known.state === 'APPLIED' ? { ...known, cause: NOT_ROLLED_BACK } : known;
  }
  // What another device did meanwhile counts until then.
  const unchanged = execution.unchanged.map(outcome =>
    isUnchanged(outcome) && undone?.settings
      ? afterRead(outcome, settingEvidence(undone.settings, asChange(outcome)), false)
      : outcome,
  );
  return {
    ...execution,
    outcomes,
    unchanged,
    settings: undone?.sent ? undone.settings : execution.settings,
    outOfTime: execution.outOfTime || (undone?.outOfTime ?? false),
  };
}

const isUnchanged = ({ state }: Outcome): boolean => state === 'UNCHANGED';

const asChange = ({ setting, previous, requested }: Outcome): Change => ({
  setting,
  from: previous,
  to: requested,
});

async function undo(
  account: Account,
  changes: readonly Change[],
  call: CallOptions,
): Promise<Execution | undefined> {
  if (heldBack(account) || timeLeft(call) < MIN_ROOM_MS) return undefined;
  const session = await account.session(call).catch(() => undefined);
  return (
    session &&
    sendWaves(account, session, { changes, unchanged: [] }, { keepGoing: true, isPatient: true }, call)
  );
}
