import type { Cause, Outcome } from '../../domain/outcome.js';
import type { Plan } from '../../domain/settings/plan.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import { type Change, waves } from '../../domain/settings/waves.js';
import { type Account, gone } from '../account/account.js';
import { iqTimeout, isOver, MIN_ROOM_MS, timeLeft, within } from '../account/time-left.js';
import { settingEvidence } from '../judging/evidence.js';
import { failedRead, heldBack } from '../judging/failed-read.js';
import { type Ledger, type Look, openLedger } from '../judging/ledger.js';
import { CALLER_GONE, isCutOff, mayComeLate, OUT_OF_TIME } from '../judging/reply-causes.js';
import type { CallOptions } from '../ports/orders.js';
import type { ReadReply, Session, SetReply } from '../ports/ports.js';
import { FIRST_SHARE, sendChange } from './send-change.js';

/** What became of an update. */
export type Execution = {
  /** One per change, in the order in which they are sent. */
  readonly outcomes: readonly Outcome[];
  /** Of the settings that had their value already. */
  readonly unchanged: readonly Outcome[];
  /** The settings after it; undefined when they could not be read. */
  readonly settings: Snapshot | undefined;
  readonly sent: boolean;
  /** Whether the caller's time cut it short. */
  readonly outOfTime: boolean;
  /** Whether the change of a setting has no reply yet, on a connection that goes on. */
  readonly mayTakeEffect: (setting: Setting) => boolean;
  /** Whether WhatsApp refused the change of a setting, and a read showed that it had been made. */
  readonly wasRefusedFalsely: (setting: Setting) => boolean;
};

/** What one execution shares between its steps. */
type Run = {
  readonly account: Account;
  readonly session: Session;
  readonly call: CallOptions;
  readonly keepGoing: boolean;
  readonly isPatient: boolean;
  readonly ledger: Ledger<Snapshot>;
  /** Why nothing more may be sent, whatever the caller chose. */
  halt: Cause | undefined;
  sent: boolean;
  /** How many reads had left before the last change. */
  readsBefore: number;
  /** The replies that may still come. */
  readonly late: Promise<void>[];
};

/**
 * Sends changes to WhatsApp and finds out what became of each: the narrowing ones together; when every one of those
 * holds, the widening ones together; a read right behind the last. What WhatsApp does is data, never an exception.
 *
 * @param keepGoing Whether other settings still go after one failed. A lost connection, a rate limit and the end of
 *   the caller's time stop it all the same.
 * @param isPatient Whether time that is left may go into waiting for replies that are late.
 */
export async function sendWaves(
  account: Account,
  session: Session,
  { changes, unchanged }: Pick<Plan, 'changes' | 'unchanged'>,
  { keepGoing, isPatient }: { keepGoing: boolean; isPatient: boolean },
  call: CallOptions,
): Promise<Execution> {
  const { narrowing, widening } = waves(changes);
  const ledger = openLedger([...narrowing, ...widening], settingEvidence, { unchanged });
  const run: Run = {
    account,
    session,
    call,
    keepGoing,
    isPatient,
    ledger,
    halt: undefined,
    sent: false,
    readsBefore: 0,
    late: [],
  };

  let settings: Snapshot | undefined;
  let behind = await sendWave(run, narrowing, widening.length === 0);
  if (widening.length > 0) {
    if (ledger.hasUnknown()) settings = await settle(run, undefined);
    if (ledger.applied(narrowing) && !stopped(run)) {
      behind = await sendWave(run, widening, true);
      settings = undefined;
    }
  }
  // What stopped the update, also where it turns out below that nothing had gone wrong.
  const stoppedBy = ledger.failure();
  if (run.sent && !settings) settings = await settle(run, behind);

  const outOfTime = run.halt === OUT_OF_TIME || (ledger.hasUnknown() && timeLeft(call) < MIN_ROOM_MS);
  const stop = run.halt ?? ledger.failure() ?? stoppedBy;
  if (stop) ledger.stoppedBy(stop);
  return {
    outcomes: ledger.outcomes(),
    unchanged: ledger.unchanged(),
    settings,
    sent: run.sent,
    outOfTime,
    mayTakeEffect: ledger.mayTakeEffect,
    wasRefusedFalsely: ledger.wasRefusedFalsely,
  };
}

/** Sends a wave under the cap on IQs in flight; with `readBehind` a read leaves right after its last change. */
async function sendWave(
  run: Run,
  wave: readonly Change[],
  readBehind: boolean,
): Promise<ReadReply | undefined> {
  const inFlight = new Set<Promise<void>>();
  const room = async () => {
    while (inFlight.size >= run.account.throttle.inFlightLimit()) await Promise.race(inFlight);
  };
  for (const change of wave) {
    await room();
    if (stopped(run)) break;
    const sending = send(run, change).finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  }
  if (readBehind) await room();
  const read =
    readBehind && !run.halt ? readWithin(run, run.session, iqTimeout(run.call) * FIRST_SHARE) : undefined;
  await Promise.all(inFlight);
  return read;
}

async function send(run: Run, change: Change): Promise<void> {
  const { account, session, ledger, call } = run;
  run.readsBefore = account.cache.reads();
  const { reply, cause, late } = await sendChange(
    account,
    session,
    change,
    'setting',
    ledger,
    call,
    (timeoutMs, onLate) => session.setPrivacy(change.setting, change.to, timeoutMs, onLate),
  );
  if (mayComeLate(reply)) run.late.push(late);
  if (reply.kind !== 'not_sent') run.sent = true;
  if (cause && stopsAll(reply, cause)) run.halt ??= cause;
}

const stopsAll = (reply: SetReply, cause: Cause): boolean =>
  cause.reason === 'WHATSAPP_RATE_LIMITED' || reply.kind === 'not_sent' || isCutOff(reply);

/** Why nothing more may be sent; undefined when more may. */
function stopped(run: Run): Cause | undefined {
  if (timeLeft(run.call) < MIN_ROOM_MS) run.halt ??= OUT_OF_TIME;
  if (run.call.signal.aborted) run.halt ??= CALLER_GONE;
  return run.halt ?? (run.keepGoing ? undefined : run.ledger.failure());
}

/** Reads; undefined when the patience is over first, after which the answer may still show itself to `readBack`. */
function readWithin(
  { account, call, ledger }: Run,
  session: Session,
  patienceMs: number,
): Promise<ReadReply | undefined> {
  account.spend('reads');
  // Kept from before the changes, the timer would be no read-back.
  if (ledger.unchanged().some(({ setting }) => setting === 'default_disappearing_timer'))
    session.forgetTimer();
  const reply = account.cache.read(session, iqTimeout(call));
  // A rate limit counts at once, also while changes are waited for.
  void reply.then(told => told.kind !== 'read' && failedRead(account, told));
  return within(patienceMs, reply);
}

/** Reads of one look at what became of the changes. */
const READ_BACKS = 2;
/** The most reads of one execution: behind the last wave, and after each wave before and after late replies. */
export const MOST_READS = 1 + 4 * READ_BACKS;

/**
 * Reads back. Where a reply is still to come, time that is left is for that: it, or the end of the connection, makes a
 * read tell what no read before it could.
 */
async function settle(run: Run, behind: ReadReply | undefined): Promise<Snapshot | undefined> {
  const { ledger } = run;
  const settings = await readBack(run, behind);
  const isAwaiting = run.isPatient && ledger.isAwaiting();
  // Not where a late reply overtook the read.
  const agrees = (view: Snapshot | undefined) => view && ledger.agreesWith(view);
  if (!isAwaiting && (!settings || agrees(settings))) return settings;
  if (isAwaiting) await within(iqTimeout(run.call) * FIRST_SHARE, Promise.all(run.late));
  const again = await readBack(run, undefined);
  return [again, settings].find(agrees);
}

/**
 * Reads until everything that was sent is known. The read behind the last wave is enough when it shows every change
 * that it should: the server may have answered it before a change took effect, so a denial or a missing reply asks for
 * a later one, on this connection or the next.
 */
async function readBack(run: Run, behind: ReadReply | undefined): Promise<Snapshot | undefined> {
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
    const reply = await (pending ? within(patience, pending) : readWithin(run, session, patience));
    if (reply && isCutOff(reply)) await gone(session);
    if (reply?.kind !== 'read') continue;
    latest = { snapshot: reply.snapshot, session, saw };
    if (ledger.agreesWith(reply.snapshot)) break;
  }
  return latest;
}
