import { PrivacyError } from '../../domain/errors.js';
import { type Cause, type Outcome, outcomeOf, type UpdateReport } from '../../domain/outcome.js';
import { EXCEPTING, LIST_SETTINGS } from '../../domain/settings/contact-list.js';
import { type Plan, planUpdate } from '../../domain/settings/plan.js';
import { audiencesOf } from '../../domain/settings/settings-table.js';
import {
  etagOf,
  reportedValue,
  type Snapshot,
  type Wishes,
  wishedSettings,
} from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import { problemOf } from '../../domain/update-status.js';
import type { Account } from '../account/account.js';
import type { Iqs } from '../account/budget.js';
import { reserve } from '../account/reservation.js';
import type { FailedRead } from '../account/settings-cache.js';
import { whyUnread } from '../judging/failed-read.js';
import { held, locked, notReported, type Refusal, refused, staleEtag } from '../judging/refusals.js';
import { causeFrom, isOutcomeProblem } from '../judging/reply-causes.js';
import type { CallOptions, UpdateOrder } from '../ports/orders.js';
import type { Session } from '../ports/ports.js';
import { READ_ATTEMPTS } from '../reading/ask-again.js';
import { readNow, readSettings } from '../reading/read-settings.js';
import { followedUp } from './followed-up.js';
import { listsBefore } from './lists-before.js';
import { MOST_READS } from './read-back.js';
import { rollBack } from './roll-back.js';
import { sendWaves } from './send-waves.js';

/**
 * Updates one account. The caller sees to it that updates of one account run one after another.
 *
 * @throws PrivacyError, once the instance can be used always with a report, unless every requested setting has the
 *   requested value (with `validateOnly`: could be set to it).
 */
export async function updateSettings(
  account: Account,
  order: UpdateOrder,
  call: CallOptions,
): Promise<UpdateReport> {
  const { instance } = account;
  const current = await account.session(call);
  if (order.wishes.default_disappearing_timer !== undefined) {
    // Reads may go on showing it as it was hours ago, trusting that a change would have been pushed.
    current.forgetTimer();
    account.cache.invalidate();
  }
  // An etag guards against every change made before the update starts.
  const isGuarded = order.etag !== undefined;
  const { sharedReadMs } = account;
  const fresh = isGuarded ? undefined : account.cache.current(current, sharedReadMs);
  using paid = reserve(account, mostIqs(order, fresh));
  const ahead = fresh ? undefined : knownAhead(account, current, order);
  const known = fresh ?? ahead;
  const base =
    known ??
    (await (isGuarded ? readNow(paid.account, call) : readSettings(paid.account, sharedReadMs, call)));
  const plan = planUpdate(base, order.wishes);
  const refusal = refusalOf(account, order, plan, base);
  if (refusal) throw refused(refusal, instance, plan, base, order.validateOnly);

  if (order.validateOnly || plan.changes.length === 0) {
    const outcomes = [
      ...plan.changes.map(change => outcomeOf(change, 'WOULD_CHANGE')),
      ...plan.unchanged.map(change => outcomeOf(change, 'UNCHANGED')),
    ];
    await followedUp(account, order, outcomes, call);
    return { instance, outcomes, settings: base, sent: false };
  }

  const doesRollBack = order.onFailure === 'ROLL_BACK';
  const lists = doesRollBack ? await listsBefore(paid.account, plan.changes, call) : undefined;
  const session = ahead ? current : await account.session(call);
  const how = {
    keepGoing: order.onFailure === 'CONTINUE',
    // Time that is left is for the rollback, whose read tells what late replies would.
    isPatient: !doesRollBack,
    isPlannedAhead: ahead !== undefined,
  };
  await call.beforeSending?.();
  const readsBefore = account.cache.reads();
  let execution = await sendWaves(paid.account, session, plan, how, call);
  if (lists) execution = await rollBack(paid.account, execution, lists, call);

  await account.history.ended(order, execution.outcomes);
  const { outcomes, settings, sent, outOfTime, isCutOff } = execution;
  // Without any read-back no more is said than that nothing was sent, unless that were OK.
  const isTold = ({ setting }: Outcome) =>
    settings ? reportedValue(settings, setting) !== undefined : !outcomes.every(isApplied);
  const failed = account.cache.failedAfter(readsBefore) ?? (isCutOff ? CUT_OFF : undefined);
  const why = whyNotReadBack(settings, failed);
  const unchanged = execution.unchanged.map(outcome =>
    isTold(outcome) ? outcome : notReadBack(outcome, why),
  );
  const report = { instance, outcomes: [...outcomes, ...unchanged], settings, sent };
  const problem = problemOf(report, outOfTime, account.throttle.waitMs());
  if (problem) throw new PrivacyError(problem, { update: report });
  return report;
}

/**
 * What an update may be planned by before anything is read for it: the settings that pushes have kept since they were
 * read, however old they are, where the connection is sure to bring pushes and each setting has a value whose order is
 * known. A guard, a question, a timer and lists that a rollback has to bring back wait for a read.
 */
function knownAhead(account: Account, session: Session, order: UpdateOrder): Snapshot | undefined {
  const { wishes, etag, validateOnly, onFailure } = order;
  if (etag !== undefined || validateOnly || session.offlineQueue.state !== 'DRAINED') return undefined;
  const kept = account.cache.kept(session);
  if (!kept) return undefined;
  const { changes, unchanged, unavailable, locked: lockedOnes } = planUpdate(kept, wishes);
  const isRanked = ({ setting, from }: Change) => from !== undefined && audiencesOf(setting).includes(from);
  const bringsLists = onFailure === 'ROLL_BACK' && changes.some(({ from }) => from === EXCEPTING);
  const isClear = unavailable.length + lockedOnes.length === 0 && !bringsLists && !held(account);
  return changes.length > 0 && [...changes, ...unchanged].every(isRanked) && isClear ? kept : undefined;
}

const isApplied = ({ state }: Outcome): boolean => state === 'APPLIED';

/** OK would say that it still has the value, which nobody has seen since the changes were sent. */
const notReadBack = (outcome: Outcome, cause: Cause): Outcome =>
  outcome.state === 'UNCHANGED' ? { ...outcome, state: 'UNKNOWN', cause } : outcome;

/** What a read brings that had no connection to leave over. */
const CUT_OFF: FailedRead = { kind: 'no_answer', cause: 'closed' };

function whyNotReadBack(settings: Snapshot | undefined, failed: FailedRead | undefined): Cause {
  const message = 'nothing was sent because it had this value, but it could not be read back';
  if (!settings) return { ...whyUnread(failed), message };
  const isSilent = settings.unreadable.some(one => one.isSilent);
  return { reason: isSilent ? 'WHATSAPP_TIMEOUT' : 'WHATSAPP_UNCLEAR', message };
}

/** The most IQs an update can need when it goes wrong as often as it can. */
function mostIqs({ wishes, onFailure, validateOnly }: UpdateOrder, known: Snapshot | undefined): Iqs {
  const changes = known ? planUpdate(known, wishes).changes.length : wishedSettings(wishes).length;
  const firstReads = known ? 0 : READ_ATTEMPTS;
  if (validateOnly || changes === 0) return { sets: 0, reads: firstReads };
  if (onFailure !== 'ROLL_BACK') return { sets: changes, reads: firstReads + MOST_READS };
  const listReads = LIST_SETTINGS.filter(setting => wishes[setting] !== undefined).length * READ_ATTEMPTS;
  return { sets: 2 * changes, reads: firstReads + 2 * (MOST_READS + listReads) };
}

/** Why the whole update is refused, whatever `on_failure` says. */
function refusalOf(account: Account, order: UpdateOrder, plan: Plan, base: Snapshot): Refusal | undefined {
  const { instance } = account;
  const { etag, validateOnly } = order;
  const currentEtag = etagOf(base);
  if (etag !== undefined && etag !== currentEtag) return staleEtag(instance, 'settings', etag, currentEtag);
  if (plan.unavailable.length > 0) return notReported(instance, plan.unavailable);
  if (plan.locked.length > 0) return locked(instance, plan.locked);
  return plan.changes.length > 0 && !validateOnly ? held(account) : undefined;
}

/** Adds to a failure before any plan could be made that no setting was attempted. */
export function withNothingSent(error: unknown, instance: string, wishes: Wishes): unknown {
  if (!(error instanceof PrivacyError) || error.update || !isOutcomeProblem(error.problem)) return error;
  const cause = causeFrom(error.problem);
  const outcomes = wishedSettings(wishes).map(setting =>
    outcomeOf({ setting, from: undefined, to: wishes[setting] as string }, 'NOT_ATTEMPTED', cause),
  );
  return new PrivacyError(error.problem, {
    message: error.message,
    update: { instance, outcomes, settings: undefined, sent: false },
    cause: error,
  });
}
