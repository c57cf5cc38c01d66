import type { Cause, Outcome } from '../../domain/outcome.js';
import { inverted } from '../../domain/settings/plan.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import type { Account } from '../account/account.js';
import type { CallOptions } from '../account/orders.js';
import { MIN_ROOM_MS, timeLeft } from '../account/time-left.js';
import { settingEvidence } from '../judging/evidence.js';
import { heldBack } from '../judging/failed-read.js';
import { afterRead } from '../judging/ledger.js';
import { type Execution, sendWaves } from './send-waves.js';

const NOT_ROLLED_BACK: Cause = {
  reason: 'WHATSAPP_REJECTED',
  message: 'it was applied and could not be set back to its previous value',
};

/**
 * Sets back what was applied when something else was not, the last change first. What cannot be set back stays APPLIED
 * and says why. Goes on when the caller has gone: half an update is what the caller did not want.
 */
export async function rollBack(
  account: Account,
  execution: Execution,
  call: CallOptions,
): Promise<Execution> {
  const applied = execution.outcomes.filter(({ state }) => state === 'APPLIED');
  const isWhole = applied.length === execution.outcomes.length && execution.unchanged.every(isUnchanged);
  if (applied.length === 0 || isWhole) return execution;

  const undone = await undo(account, inverted(applied.map(asChange)), {
    ...call,
    signal: new AbortController().signal,
  });
  const outcomes = execution.outcomes.map(outcome => {
    if (outcome.state !== 'APPLIED') return undone?.settings ? seen(outcome, undone.settings) : outcome;
    const back = undone?.outcomes.find(({ setting }) => setting === outcome.setting);
    if (back?.state === 'APPLIED') return { ...outcome, state: 'ROLLED_BACK' as const };
    const state = back?.state === 'UNKNOWN' ? ('UNKNOWN' as const) : outcome.state;
    return { ...outcome, state, cause: back?.cause ?? NOT_ROLLED_BACK };
  });
  /** What the read after the rollback tells of a change that was not set back. */
  function seen(outcome: Outcome, settings: Snapshot): Outcome {
    const shown = settingEvidence(settings, asChange(outcome));
    const known = afterRead(outcome, shown, execution.mayTakeEffect(outcome.setting));
    return known.state === 'APPLIED' ? { ...known, cause: NOT_ROLLED_BACK } : known;
  }
  return {
    ...execution,
    outcomes,
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
