import type { Cause, Outcome } from '../../domain/outcome.js';
import {
  apply,
  type Contact,
  type ContactList,
  delta,
  EXCEPTING,
  type ListDelta,
  type ListSetting,
  listEtag,
} from '../../domain/settings/contact-list.js';
import { reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import { type Account, gone } from '../account/account.js';
import type { CallOptions, ListOrder } from '../account/orders.js';
import type { Session, SetReply } from '../account/ports.js';
import { iqTimeout, MIN_ROOM_MS, timeLeft } from '../account/time-left.js';
import { CALLER_GONE, causeOf, isCutOff, OUT_OF_TIME } from '../judging/reply-causes.js';
import { askAgain } from '../reading/ask-again.js';
import { identify } from '../reading/identify-contacts.js';
import { readContactList } from '../reading/read-contact-list.js';
import { FIRST_SHARE } from './send-waves.js';

/** A list with the settings beside it, and whom on it the order means. */
export type ListView = {
  readonly settings: Snapshot;
  readonly list: ContactList;
  /** The contacts to add and to remove. */
  readonly wish: ListDelta;
};

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

/** The list that an order wants, given the one there is. */
export const wished = (
  contacts: readonly Contact[],
  { replace }: Pick<ListOrder, 'replace'>,
  wish: ListDelta,
): readonly Contact[] => (replace ? wish.add : apply(wish, contacts));

/** Whether nothing takes one list to the other. */
export function isSameList(one: readonly Contact[], other: readonly Contact[]): boolean {
  const { add, remove } = delta(one, other);
  return add.length === 0 && remove.length === 0;
}

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

const OTHER_LIST: Cause = { reason: 'ETAG_MISMATCH', message: 'the list has another etag now' };

const NOT_SENT = { kind: 'not_sent' } as const;

/** Sends the change once. */
async function attempt(run: ListRun, before: ListView): Promise<ListExecution> {
  const { account, order, call } = run;
  const { setting } = order;
  const { contacts, stamp } = before.list;
  const change = { setting, from: reportedValue(before.settings, setting), to: EXCEPTING };
  const ended = (
    state: Outcome['state'],
    cause: Cause | undefined,
    sent: boolean,
    after: Partial<ListView> = {},
  ) => {
    const outcome: Outcome = { setting, state, previous: change.from, requested: change.to };
    return { outcome: cause ? { ...outcome, cause } : outcome, after, sent };
  };
  if (timeLeft(call) < MIN_ROOM_MS) return ended('NOT_ATTEMPTED', OUT_OF_TIME, false);
  if (call.signal.aborted) return ended('NOT_ATTEMPTED', CALLER_GONE, false);

  const send = (session: Session): Promise<SetReply> => {
    account.history.sending(change);
    account.cache.invalidate();
    const step = delta(contacts, wished(contacts, order, before.wish));
    return session.changeContactList(setting, step, stamp, iqTimeout(call) * FIRST_SHARE);
  };
  const session = await account.session(call).catch(() => undefined);
  const reply = session ? await send(session) : NOT_SENT;
  if (reply.kind !== 'not_sent') account.spend('sets');
  if (reply.kind === 'no_answer') account.cache.unanswered();

  const cause = reply.kind === 'confirmed' ? undefined : causeOf(reply, change);
  if (cause?.reason === 'WHATSAPP_RATE_LIMITED') account.throttle.rateLimited();
  if (reply.kind === 'not_sent') return ended('NOT_ATTEMPTED', cause, false);
  if (reply.kind === 'refused') return ended('FAILED', cause, true);

  if (session && isCutOff(reply)) await gone(session);
  const after = await look({ ...run, account: { ...account, session: account.sessionAtOnce } });
  const { settings, list, wish } = after;
  const shown = settings && reportedValue(settings, setting);
  const isListed = list && wish && isSameList(list.contacts, wished(list.contacts, order, wish));
  if (isListed && shown === EXCEPTING) return ended('APPLIED', undefined, true, after);
  const isDenied = isListed === false || (shown !== undefined && shown !== EXCEPTING);
  if (!isDenied) return ended(cause ? 'UNKNOWN' : 'APPLIED', cause, true, after);
  const stands = list !== undefined && shown === change.from && isSameList(list.contacts, contacts);
  return ended(stands ? 'FAILED' : 'UNKNOWN', cause ?? disproved(stands), true, after);
}

const disproved = (stands: boolean): Cause => ({
  reason: 'WHATSAPP_REJECTED',
  message: `WhatsApp confirmed the change, but reports ${stands ? 'the list as it was' : 'another list'}`,
});

/** Reads the settings and the list side by side; one after the other once WhatsApp has complained. */
export async function lookAt(
  account: Account,
  setting: ListSetting,
  call: CallOptions,
): Promise<[PromiseSettledResult<Snapshot>, PromiseSettledResult<ContactList>]> {
  const read = askAgain(account, call, (session, timeoutMs) => account.cache.read(session, timeoutMs));
  const settings = read.then(({ snapshot }) => snapshot);
  if (account.throttle.inFlightLimit() === 1) await Promise.allSettled([settings]);
  return Promise.allSettled([settings, readContactList(account, setting, call)]);
}

async function look({ account, order, call }: ListRun): Promise<Partial<ListView>> {
  const [value, contacts] = await lookAt(account, order.setting, call);
  const [settings, list] = [brought(value), brought(contacts)];
  const wish = list && (await identify(account, order, list, call).catch(() => undefined));
  return { ...(settings && { settings }), ...(list && { list }), ...(wish && { wish }) };
}

const brought = <T>(result: PromiseSettledResult<T>): T | undefined =>
  result.status === 'fulfilled' ? result.value : undefined;
