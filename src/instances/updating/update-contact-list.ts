import { PrivacyError, type Problem } from '../../domain/errors.js';
import type { Outcome, OutcomeReason } from '../../domain/outcome.js';
import { EXCEPTING, listEtag } from '../../domain/settings/contact-list.js';
import { isLocked, isReported, reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import { problemOf } from '../../domain/update-status.js';
import type { Account } from '../account/account.js';
import type { Iqs } from '../account/budget.js';
import type { CallOptions, ListOrder, ListReport } from '../account/orders.js';
import { reserve } from '../account/reservation.js';
import { identify } from '../reading/identify-contacts.js';
import { READ_ATTEMPTS } from '../reading/read-settings.js';
import { executeListChange, isSameList, lookAt, wished } from './execute-list-change.js';

/** What is read, before a first change and after each of two: settings, list, who is who. */
const MOST: Iqs = { sets: 2, reads: 9 * READ_ATTEMPTS };

/**
 * Changes the list of one setting of one account, and the setting to it. The caller sees to it that updates of one
 * account run one after another.
 *
 * @throws PrivacyError unless the list is as the order wants it (with `validateOnly`: could be made so).
 */
export async function updateContactList(
  account: Account,
  order: ListOrder,
  call: CallOptions,
): Promise<ListReport> {
  const { instance } = account;
  const { setting, etag, validateOnly } = order;
  using paid = reserve(account, validateOnly ? { ...MOST, sets: 0 } : MOST);

  // The value beside the list, or one that is off and one that is empty look alike.
  const [value, contacts] = await lookAt(paid.account, setting, call);
  if (value.status === 'rejected') throw value.reason;
  const settings = value.value;
  const previous = reportedValue(settings, setting);
  const outcome = (state: Outcome['state']): Outcome => ({ setting, state, previous, requested: EXCEPTING });
  const refuse = (problem: Problem & { kind: OutcomeReason }, message: string) => {
    const refused: Outcome = { ...outcome('NOT_ATTEMPTED'), cause: { reason: problem.kind, message } };
    throw new PrivacyError(problem, reportOf(instance, refused, settings, false));
  };

  if (!isReported(settings, setting)) {
    const problem = { kind: 'SETTING_NOT_AVAILABLE', instance, settings: [setting] } as const;
    refuse(problem, 'the account does not report this setting');
  }
  if (contacts.status === 'rejected') throw contacts.reason;
  const list = contacts.value;
  const currentEtag = listEtag(list.contacts);
  if (etag !== undefined && etag !== currentEtag)
    refuse({ kind: 'ETAG_MISMATCH', instance, etag, currentEtag }, 'the list has another etag now');

  const wish = await identify(paid.account, order, list, call);
  const wanted = wished(list.contacts, order, wish);
  if (previous === EXCEPTING && isSameList(list.contacts, wanted))
    return { contacts: list.contacts, etag: currentEtag, outcome: outcome('UNCHANGED'), sent: false };
  if (isLocked(settings, setting)) {
    const problem = { kind: 'SETTING_LOCKED', instance, settings: [setting] } as const;
    refuse(problem, 'Strict Account Settings lock this setting; end them on the phone');
  }
  if (validateOnly)
    return { contacts: wanted, etag: currentEtag, outcome: outcome('WOULD_CHANGE'), sent: false };

  const execution = await executeListChange({ account: paid.account, order, call }, { settings, list, wish });
  const { after, sent } = execution;
  await account.history.ended(order, [execution.outcome]);
  const report = reportOf(instance, execution.outcome, after.settings, sent);
  if (execution.outcome.cause?.reason === 'ETAG_MISMATCH' && etag !== undefined) {
    const problem = {
      kind: 'ETAG_MISMATCH',
      instance,
      etag,
      currentEtag: listEtag(after.list?.contacts ?? []),
    } as const;
    throw new PrivacyError(problem, report);
  }
  const problem = problemOf(report.update, false, account.throttle.waitMs());
  if (problem) throw new PrivacyError(problem, report);
  const changed = after.list?.contacts ?? wanted;
  return { contacts: changed, etag: listEtag(changed), outcome: execution.outcome, sent };
}

const reportOf = (instance: string, outcome: Outcome, settings: Snapshot | undefined, sent: boolean) => ({
  update: { instance, outcomes: [outcome], settings, sent },
});
