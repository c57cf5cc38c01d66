import {
  apply,
  type Contact,
  type ContactList,
  delta,
  EXCEPTING,
  type ListDelta,
  listEtag,
} from '../domain/contact-list.js';
import type { Cause, Outcome } from '../domain/outcome.js';
import { reportedValue, type Snapshot } from '../domain/snapshot.js';
import { type Account, iqTimeout, MIN_ROOM_MS, timeLeft } from './account.js';
import { CALLER_GONE, causeOf, OUT_OF_TIME } from './causes.js';
import { readContactList } from './contact-list.js';
import { inquire } from './inquire.js';
import type { CallLimits, ListOrder } from './instances.js';
import type { SetReply } from './ports.js';

/** The settings and a list, as far as they could be read. */
export type Sight = { readonly settings: Snapshot | undefined; readonly list: ContactList | undefined };
type WholeSight = { readonly settings: Snapshot; readonly list: ContactList };

/** What became of a change of a list. */
export type ListExecution = {
  readonly outcome: Outcome;
  /** What was read back. */
  readonly after: Sight;
  readonly sent: boolean;
};

/** What one execution shares between its steps. */
type Run = {
  readonly account: Account;
  readonly order: ListOrder;
  /** The contacts to add and to remove. */
  readonly wish: ListDelta;
  readonly limits: CallLimits;
};

/** The list that an order wants, given the one there is. */
export const wished = (
  contacts: readonly Contact[],
  { replace }: Pick<ListOrder, 'replace'>,
  wish: ListDelta,
): readonly Contact[] => (replace ? wish.add : apply(wish, contacts));

/** Whether nothing takes one list to the other. */
export function isSame(one: readonly Contact[], other: readonly Contact[]): boolean {
  const { add, remove } = delta(one, other);
  return add.length === 0 && remove.length === 0;
}

/**
 * Changes a list and finds out what became of it. Does so once more, from a fresh read, when another device changed the
 * list in between, or when it shows only now who was on it. What WhatsApp does is data, never an exception.
 */
export async function executeListChange(run: Run, before: WholeSight): Promise<ListExecution> {
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

  if (first.outcome.state === 'UNKNOWN' && previous !== EXCEPTING && isWhole(first.after)) {
    const second = await attempt(run, first.after);
    if (!second.sent) return first;
    // What was before does not stand any more.
    const state = second.outcome.state === 'FAILED' ? 'UNKNOWN' : second.outcome.state;
    return { ...second, outcome: { ...second.outcome, previous, state } };
  }
  return first;
}

const isWhole = (sight: Sight): sight is WholeSight =>
  sight.settings !== undefined && sight.list !== undefined;

const OTHER_LIST: Cause = { reason: 'ETAG_MISMATCH', message: 'the list has another etag now' };

const NOTHING: Sight = { settings: undefined, list: undefined };

/** Sends the change once. */
async function attempt(run: Run, before: WholeSight): Promise<ListExecution> {
  const { account, order, wish, limits } = run;
  const { setting } = order;
  const { contacts, stamp } = before.list;
  const change = { setting, from: reportedValue(before.settings, setting), to: EXCEPTING };
  const ended = (state: Outcome['state'], cause: Cause | undefined, sent: boolean, after = NOTHING) => {
    const outcome: Outcome = { setting, state, previous: change.from, requested: change.to };
    return { outcome: cause ? { ...outcome, cause } : outcome, after, sent };
  };
  if (timeLeft(limits) < MIN_ROOM_MS) return ended('NOT_ATTEMPTED', OUT_OF_TIME, false);
  if (limits.signal.aborted) return ended('NOT_ATTEMPTED', CALLER_GONE, false);

  const session = await account.session(limits).catch(() => undefined);
  account.history.sending(change);
  account.reader.invalidate();
  const step = delta(contacts, wished(contacts, order, wish));
  // The rest of the time is for reading back.
  const reply: SetReply = session
    ? await session.changeContactList(setting, step, stamp, iqTimeout(limits) * 0.6)
    : { kind: 'not_sent' };
  if (reply.kind !== 'not_sent') account.spend('sets');
  if (reply.kind === 'no_answer') account.reader.unanswered();

  const cause = reply.kind === 'confirmed' ? undefined : causeOf(reply, change);
  if (cause?.reason === 'WHATSAPP_RATE_LIMITED') account.pacing.rateLimited();
  if (reply.kind === 'not_sent') return ended('NOT_ATTEMPTED', cause, false);
  if (reply.kind === 'refused') return ended('FAILED', cause, true);

  const after = await look(run);
  const shown = after.settings && reportedValue(after.settings, setting);
  if (!after.list || shown === undefined) return ended(cause ? 'UNKNOWN' : 'APPLIED', cause, true, after);
  const now = after.list.contacts;
  if (shown === EXCEPTING && isSame(now, wished(now, order, wish)))
    return ended('APPLIED', undefined, true, after);
  const stands = shown === change.from && isSame(now, contacts);
  return ended(stands ? 'FAILED' : 'UNKNOWN', cause ?? disproved(stands), true, after);
}

const disproved = (stands: boolean): Cause => ({
  reason: 'WHATSAPP_REJECTED',
  message: `WhatsApp confirmed the change, but reports ${stands ? 'the list as it was' : 'another list'}`,
});

/** Reads the settings and the list, now. */
async function look({ account, order, limits }: Run): Promise<Sight> {
  const settings = inquire(account, limits, (session, timeoutMs) =>
    account.reader.read(session, timeoutMs),
  ).then(
    ({ snapshot }) => snapshot,
    () => undefined,
  );
  if (account.pacing.inFlightLimit() === 1) await settings;
  const list = await readContactList(account, order.setting, limits).catch(() => undefined);
  return { settings: await settings, list };
}
