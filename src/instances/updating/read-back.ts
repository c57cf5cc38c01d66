import type { Cause } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import { type Account, gone } from '../account/account.js';
import { iqTimeout, isOver, patiently } from '../account/time-left.js';
import { failedRead, heldBack } from '../judging/failed-read.js';
import type { Ledger, Look } from '../judging/ledger.js';
import { isCutOff } from '../judging/reply-causes.js';
import type { CallOptions } from '../ports/orders.js';
import type { OnArrival, ReadReply, Session } from '../ports/ports.js';
import { FIRST_SHARE } from './send-change.js';

/** What one execution of an update shares between its steps. */
export type Run = {
  readonly account: Account;
  /** The connection over which changes leave; after a cut another one. */
  session: Session;
  readonly call: CallOptions;
  readonly keepGoing: boolean;
  readonly isPatient: boolean;
  readonly ledger: Ledger<Snapshot>;
  /** Why nothing more may be sent, whatever the caller chose. */
  halt: Cause | undefined;
  sent: boolean;
  /** How many reads had left before the last change. */
  readsBefore: number;
  /** The settings whose change WhatsApp has answered. */
  readonly answered: Set<Setting>;
  /** The replies that may still come. */
  readonly late: Promise<void>[];
  /** The connection has ended; undefined again when the update goes on over the next. */
  cut: Cause | undefined;
  /** How often it has. */
  cuts: number;
};

/** Reads; undefined when the patience is over first, after which the answer may still show itself to `readBack`. */
export function readWithin(
  { account, call, ledger }: Run,
  session: Session,
  patienceMs: number,
  onArrival?: OnArrival,
): Promise<ReadReply | undefined> {
  account.spend('reads');
  // Kept from before the changes, the timer would be no read-back.
  if (ledger.unchanged().some(({ setting }) => setting === 'default_disappearing_timer'))
    session.forgetTimer();
  const reply = account.cache.read(session, iqTimeout(call), onArrival);
  // A rate limit counts at once, also while changes are waited for.
  void reply.then(told => told.kind !== 'read' && failedRead(account, told));
  return patiently(patienceMs, reply);
}

/** Reads of one look at what became of the changes. */
const READ_BACKS = 2;
/** The most reads of one execution: behind the last wave, and after each wave before and after late replies. */
export const MOST_READS = 1 + 4 * READ_BACKS;

/**
 * Reads back. Where a reply is still to come, time that is left is for that: it, or the end of the connection, makes a
 * read tell what no read before it could.
 */
export async function settle(run: Run, behind: ReadReply | undefined): Promise<Snapshot | undefined> {
  const { ledger } = run;
  const settings = await readBack(run, behind);
  const isAwaiting = run.isPatient && ledger.isAwaiting();
  // Not where a late reply overtook the read.
  const agrees = (view: Snapshot | undefined) => view && ledger.agreesWith(view);
  if (!isAwaiting && (!settings || agrees(settings))) return settings;
  if (isAwaiting) await patiently(iqTimeout(run.call) * FIRST_SHARE, Promise.all(run.late));
  const again = await readBack(run, undefined);
  return [again, settings].find(agrees);
}

/**
 * Reads until everything that was sent is known. The read behind the last wave is enough when it shows every change
 * that it should: the server may have answered it before a change took effect, so a denial or a missing reply asks for
 * a later one, on this connection or the next.
 */
export async function readBack(run: Run, behind: ReadReply | undefined): Promise<Snapshot | undefined> {
  const { account, ledger } = run;
  const glimpse = behind?.kind === 'read' ? behind.snapshot : undefined;
  if (glimpse) {
    ledger.seenEarly(glimpse);
    if (!ledger.hasUnknown() && ledger.agreesWith(glimpse)) return glimpse;
    account.cache.invalidate(); // Nobody else may take it for current either.
  }
  const later = await readLater(run);
  if (later) {
    later.saw(later.snapshot, later.session === run.session);
    if (glimpse) ledger.contradicted(glimpse, later.snapshot);
    return later.snapshot;
  }
  // What left after the last change all the same: for a push, for another caller, or above and given up.
  const others = account.cache.shownAfter(run.readsBefore);
  if (!others) return undefined;
  ledger.contradicted(others);
  ledger.seenEarly(others);
  return ledger.hasUnknown() ? undefined : others;
}

type LaterRead = { readonly snapshot: Snapshot; readonly session: Session; readonly saw: Look<Snapshot> };

async function readLater(run: Run): Promise<LaterRead | undefined> {
  const { account, session: first, ledger, call } = run;
  let latest: LaterRead | undefined;
  for (let attempt = 1; attempt <= READ_BACKS; attempt++) {
    if (heldBack(account) || isOver(call)) break;
    const session = await account.sessionAtOnce(call).catch(() => undefined);
    if (!session) break;
    const patience = iqTimeout(call) * (attempt < READ_BACKS ? FIRST_SHARE : 1);
    // On another connection the read that follows every login leaves no earlier than one of our own.
    const pending = session === first || attempt > 1 ? undefined : account.cache.pending(session);
    const saw = ledger.looking();
    const reply = await (pending ? patiently(patience, pending) : readWithin(run, session, patience));
    if (reply && isCutOff(reply)) await gone(session);
    if (reply?.kind !== 'read') continue;
    latest = { snapshot: reply.snapshot, session, saw };
    if (ledger.agreesWith(reply.snapshot)) break;
  }
  return latest;
}
