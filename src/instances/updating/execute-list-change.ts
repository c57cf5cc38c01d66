import { PrivacyError } from '../../domain/errors.js';
import type { Cause, Outcome } from '../../domain/outcome.js';
import {
  type ContactList,
  delta,
  EXCEPTING,
  type ListSetting,
  listEtag,
} from '../../domain/settings/contact-list.js';
import { reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import type { Account } from '../account/account.js';
import { MIN_ROOM_MS, timeLeft } from '../account/time-left.js';
import { openLedger } from '../judging/ledger.js';
import { type ListView, listEvidence, wished } from '../judging/list-evidence.js';
import { OTHER_LIST } from '../judging/refusals.js';
import { CALLER_GONE, isCutOff, isOutcomeProblem, OUT_OF_TIME } from '../judging/reply-causes.js';
import type { CallOptions, ListOrder } from '../ports/orders.js';
import { askAgain } from '../reading/ask-again.js';
import { identify, payFor } from '../reading/identify-contacts.js';
import { readContactList } from '../reading/read-contact-list.js';
import { sendChange } from './send-change.js';

/** What became of a change of a list. */
export type ListExecution = {
  readonly outcome: Outcome;
  /** What was read back, as far as that was possible. */
  readonly after: Partial<ListView>;
  readonly sent: boolean;
};

/** What one execution shares between its steps. */
type ListRun = {
  readonly account: Account;
  readonly order: ListOrder;
  readonly call: CallOptions;
};

/**
 * Changes a list and finds out what became of it. Does so once more, from a fresh read, when another device changed the
 * list in between, or when it shows only now who was on it. What WhatsApp does is data, never an exception.
 */
export async function executeListChange(run: ListRun, before: ListView): Promise<ListExecution> {
  const first = await attempt(run, before);
  const { previous } = first.outcome;

  if (first.outcome.cause?.reason === 'BLACKLIST_CONFLICT') {
    const now = await look(run);
    if (!isWhole(now)) return first;
    const { etag } = run.order;
    if (etag !== undefined && etag !== listEtag(now.list.contacts))
      return { ...first, after: now, outcome: { ...first.outcome, cause: OTHER_LIST } };
    const second = await attempt(run, now);
    return second.sent ? { ...second, outcome: { ...second.outcome, previous } } : first;
  }

  if (first.outcome.state === 'UNKNOWN' && previous !== EXCEPTING && isShown(run, first.after)) {
    const second = await attempt(run, first.after);
    if (!second.sent) return first;
    // What was before does not stand any more.
    const state = second.outcome.state === 'FAILED' ? 'UNKNOWN' : second.outcome.state;
    return { ...second, outcome: { ...second.outcome, previous, state } };
  }
  return first;
}

const isWhole = (view: Partial<ListView>): view is ListView =>
  view.settings !== undefined && view.list !== undefined && view.wish !== undefined;

/** Whether the list is told, which it is only beside its value. */
const isShown = ({ order }: ListRun, view: Partial<ListView>): view is ListView =>
  isWhole(view) && reportedValue(view.settings, order.setting) === EXCEPTING;

/**
 * WhatsApp confirms what was sent, which is the difference to the list it told before; it tells none while the setting
 * has another value, and other devices change it too.
 */
const notReadBack = (reason: Cause['reason']): Cause => ({
  reason,
  message: 'WhatsApp confirmed what was sent, but the list could not be read back',
});

/** Sends the change once. */
async function attempt(run: ListRun, before: ListView): Promise<ListExecution> {
  const { account, order, call } = run;
  const { setting } = order;
  const { contacts, stamp } = before.list;
  const change = { setting, from: reportedValue(before.settings, setting), to: EXCEPTING };
  let unread: Cause['reason'] = 'WHATSAPP_UNCLEAR';
  const ledger = openLedger([change], listEvidence(order, before), { unproved: () => notReadBack(unread) });
  const ended = (sent: boolean, after: Partial<ListView> = {}): ListExecution => ({
    outcome: ledger.outcomes()[0] as Outcome,
    after,
    sent,
  });
  const stop = timeLeft(call) < MIN_ROOM_MS ? OUT_OF_TIME : call.signal.aborted ? CALLER_GONE : undefined;
  if (stop) {
    ledger.stoppedBy(stop);
    return ended(false);
  }

  const session = await account.session(call).catch(() => undefined);
  if (!session) {
    ledger.replied(change, { kind: 'not_sent' });
    return ended(false);
  }
  const step = delta(contacts, wished(contacts, order, before.wish));
  const { reply } = await sendChange(account, session, change, 'list', ledger, call, (timeoutMs, onLate) =>
    session.changeContactList(setting, step, stamp, timeoutMs, payFor(account), onLate),
  );
  if (reply.kind === 'not_sent' || reply.kind === 'refused') return ended(reply.kind === 'refused');

  const onAny = { ...run, account: { ...account, session: account.sessionAtOnce } };
  const saw = ledger.looking();
  const onFailure = (reason: Cause['reason']) => (unread = reason);
  const first = await look(onAny, onFailure);
  const isEnough = isWhole(first) || timeLeft(call) < MIN_ROOM_MS;
  const after = isEnough ? first : { ...first, ...(await look(onAny, onFailure)) };
  saw(after, !isCutOff(reply));
  return ended(true, after);
}

/** Reads the settings and the list side by side; one after the other once WhatsApp has complained. */
export async function lookAt(
  account: Account,
  setting: ListSetting,
  call: CallOptions,
): Promise<[PromiseSettledResult<Snapshot>, PromiseSettledResult<ContactList>]> {
  const read = askAgain(account, call, (session, timeoutMs) => {
    account.spend('reads');
    return account.cache.read(session, timeoutMs);
  });
  const settings = read.then(({ snapshot }) => snapshot);
  if (account.throttle.inFlightLimit() === 1) await Promise.allSettled([settings]);
  return Promise.allSettled([settings, readContactList(account, setting, call)]);
}

/** @param onFailure Is told why the settings or the list could not be read. */
async function look(
  { account, order, call }: ListRun,
  onFailure: (reason: Cause['reason']) => void = () => undefined,
): Promise<Partial<ListView>> {
  const looks = await lookAt(account, order.setting, call);
  for (const reason of looks.map(whyNothing)) if (reason) onFailure(reason);
  const [value, contacts] = looks;
  const [settings, list] = [brought(value), brought(contacts)];
  const wish = list && (await identify(account, order, list, call).catch(() => undefined));
  return { ...(settings && { settings }), ...(list && { list }), ...(wish && { wish }) };
}

const brought = <T>(result: PromiseSettledResult<T>): T | undefined =>
  result.status === 'fulfilled' ? result.value : undefined;

/** Why a look brought nothing, where that can be the reason of an outcome. */
function whyNothing(result: PromiseSettledResult<unknown>): Cause['reason'] | undefined {
  if (result.status === 'fulfilled' || !(result.reason instanceof PrivacyError)) return undefined;
  const { problem } = result.reason;
  // No answer came within the caller's time.
  if (problem.kind === 'DEADLINE_TOO_SHORT') return 'WHATSAPP_TIMEOUT';
  return isOutcomeProblem(problem) ? problem.kind : undefined;
}
