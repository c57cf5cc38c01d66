import { PrivacyError, type Problem } from '../../domain/errors.js';
import { type Outcome, type OutcomeState, outcomeOf } from '../../domain/outcome.js';
import { type Contact, type ContactList, EXCEPTING, listEtag } from '../../domain/settings/contact-list.js';
import { isLocked, isReported, reportedValue } from '../../domain/settings/snapshot.js';
import { problemOf } from '../../domain/update-status.js';
import type { Account } from '../account/account.js';
import type { Iqs } from '../account/budget.js';
import { reserve } from '../account/reservation.js';
import { isSameList, type ListView, wished } from '../judging/list-evidence.js';
import { locked, notReported, type Refusal, refused, staleEtag } from '../judging/refusals.js';
import type { CallOptions, ListOrder, ListReport } from '../ports/orders.js';
import { READ_ATTEMPTS } from '../reading/ask-again.js';
import { identify, inQuestion } from '../reading/identify-contacts.js';
import { executeListChange, lookAt } from './execute-list-change.js';
import { followedUp } from './followed-up.js';

/**
 * What is read, before a first change, before a second and twice after each: settings, list, who is who. And by each
 * change once the LIDs that it needs.
 */
const MOST: Iqs = { sets: 2, reads: 18 * READ_ATTEMPTS + 2 };

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
  const change = { setting, from: reportedValue(settings, setting), to: EXCEPTING };
  const refuse = (refusal: Refusal): never => {
    throw refused(refusal, instance, { changes: [change], unchanged: [] }, settings, validateOnly);
  };

  if (!isReported(settings, setting)) refuse(notReported(instance, [setting]));
  if (contacts.status === 'rejected') throw contacts.reason;
  const list = contacts.value;
  const currentEtag = listEtag(list.contacts);
  if (etag !== undefined && etag !== currentEtag) refuse(staleEtag(instance, 'list', etag, currentEtag));

  using lookedUp = await reserveLookUps(paid.account, order, list, call);
  const wish = await identify(lookedUp.account, order, list, call);
  const wanted = wished(list.contacts, order, wish);
  async function unsent(contacts: readonly Contact[] | undefined, state: OutcomeState): Promise<ListReport> {
    const outcome = outcomeOf(change, state);
    await followedUp(account, order, [outcome], call);
    return { contacts, etag: currentEtag, outcome, sent: false };
  }
  if (change.from === EXCEPTING && isSameList(list.contacts, wanted))
    return unsent(list.contacts, 'UNCHANGED');
  if (isLocked(settings, setting)) refuse(locked(instance, [setting]));
  // WhatsApp tells no list while the setting has another value, and those excepted before may come back with it.
  const isKnown = change.from === EXCEPTING || order.replace;
  if (validateOnly) return unsent(isKnown ? wanted : undefined, 'WOULD_CHANGE');

  await call.beforeSending?.();
  const run = { account: lookedUp.account, order, call };
  const { outcome, after, sent } = await executeListChange(run, { settings, list, wish });
  await account.history.ended(order, [outcome]);
  const update = { instance, outcomes: [outcome], settings: after.settings, sent };
  const problem =
    staleAfter(order, instance, outcome, after) ?? problemOf(update, false, account.throttle.waitMs());
  if (problem) throw new PrivacyError(problem, { update });
  const { contacts: read } = after.list as ContactList; // What is APPLIED was shown by a list that was read.
  return { contacts: read, etag: listEtag(read), outcome, sent };
}

/**
 * The account with the look-ups of the order paid for, so that it is refused before anything is changed.
 *
 * @throws PrivacyError RATE_LIMITED; INVALID_REQUEST when they are more than an hour allows
 */
async function reserveLookUps(
  account: Account,
  order: ListOrder,
  list: ContactList,
  call: CallOptions,
): Promise<ReturnType<typeof reserve>> {
  const ids = inQuestion(order, list);
  const lookups = ids.length > 0 ? (await account.session(call)).lookUpsFor(ids) : 0;
  const { lookups: limit = 0 } = account.budget.perHour;
  if (limit > 0 && lookups > limit) {
    const description = `${lookups} phone numbers would have to be looked up, and ${limit} may be in an hour; name fewer`;
    throw new PrivacyError({
      kind: 'INVALID_REQUEST',
      violations: [{ field: '', reason: 'OUT_OF_RANGE', description }],
    });
  }
  return reserve(account, { lookups });
}

/** Another device made the list another one than the order was meant for. */
const staleAfter = (
  { etag }: ListOrder,
  instance: string,
  { cause }: Outcome,
  { list }: Partial<ListView>,
): Problem | undefined =>
  etag !== undefined && cause?.reason === 'ETAG_MISMATCH'
    ? staleEtag(instance, 'list', etag, listEtag(list?.contacts ?? [])).problem
    : undefined;
