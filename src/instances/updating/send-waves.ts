import type { Cause, Outcome } from '../../domain/outcome.js';
import type { Plan } from '../../domain/settings/plan.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import { isLocked, isReported, reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import { type Change, waves } from '../../domain/settings/waves.js';
import type { Account } from '../account/account.js';
import { iqTimeout, MIN_ROOM_MS, timeLeft } from '../account/time-left.js';
import { settingEvidence } from '../judging/evidence.js';
import { failedRead, heldBack } from '../judging/failed-read.js';
import { openLedger } from '../judging/ledger.js';
import { CALLER_GONE, causeFrom, isCutOff, mayComeLate, OUT_OF_TIME } from '../judging/reply-causes.js';
import type { CallOptions } from '../ports/orders.js';
import type { ReadReply, Session, SetReply } from '../ports/ports.js';
import { type Run, readWithin, settle } from './read-back.js';
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
  /** Whether it ended with its connection. */
  readonly isCutOff: boolean;
  /** Whether the change of a setting has no reply yet, on a connection that goes on. */
  readonly mayTakeEffect: (setting: Setting) => boolean;
  /** Whether WhatsApp refused the change of a setting, and a read showed that it had been made. */
  readonly wasRefusedFalsely: (setting: Setting) => boolean;
};

/** How an update goes on, and when it does not. */
export type Manner = {
  /** Whether other settings still go after one failed. A rate limit and the end of the caller's time stop it all the same. */
  readonly keepGoing: boolean;
  /** Whether time that is left may go into waiting for replies that are late. */
  readonly isPatient: boolean;
  /** Whether the plan was made without a read for it: one leaves before the first change then and tells what was there. */
  readonly isPlannedAhead?: boolean;
};

/** An update goes on after so many cuts; a connection that ends more often has another cause. */
const MOST_CUTS = 2;

/**
 * Sends changes to WhatsApp and finds out what became of each: the narrowing ones together; when every one of those
 * holds, the widening ones together; a read right behind the last. After a cut it goes on over the next connection with
 * what is missing. What WhatsApp does is data, never an exception.
 */
export async function sendWaves(
  account: Account,
  session: Session,
  { changes, unchanged }: Pick<Plan, 'changes' | 'unchanged'>,
  { keepGoing, isPatient, isPlannedAhead = false }: Manner,
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
    answered: new Set(),
    late: [],
    cut: undefined,
    cuts: 0,
  };

  let settings: Snapshot | undefined;
  let behind: ReadReply | undefined;
  // Before the first change: WhatsApp handles stanzas in their order, so that it tells what was there before.
  let first = isPlannedAhead ? readFirst(run) : undefined;
  for (let wave = nextWave(run); wave.length > 0; wave = nextWave(run)) {
    behind = await sendWave(run, wave, wave.length === ledger.pending().length, first);
    settings = undefined;
    const isUnread = first !== undefined && !(await first)();
    const isMore = ledger.pending().length > 0;
    first = undefined;
    if (run.cut || (isMore && (isUnread || ledger.hasUnknown()))) settings = await settle(run, undefined);
    if (run.cut) await goOn(run, settings);
    else if (isMore && isUnread) planUnread(run, settings);
  }
  // What stopped the update, also where it turns out below that nothing had gone wrong.
  const stoppedBy = ledger.failure();
  if (run.sent && !settings) settings = await settle(run, behind);

  const outOfTime = run.halt === OUT_OF_TIME || (ledger.hasUnknown() && timeLeft(call) < MIN_ROOM_MS);
  const stop = run.halt ?? run.cut ?? ledger.failure() ?? stoppedBy;
  if (stop) ledger.stoppedBy(stop);
  return {
    outcomes: ledger.outcomes(),
    unchanged: ledger.unchanged(),
    settings,
    sent: run.sent,
    outOfTime,
    isCutOff: run.cut !== undefined,
    mayTakeEffect: ledger.mayTakeEffect,
    wasRefusedFalsely: ledger.wasRefusedFalsely,
  };
}

/**
 * Reads what is there before the first change. What this fulfils with takes it over, when the changes beside it have
 * ended; false where nothing was read. Of a change that was answered sooner the read may show what it did.
 */
async function readFirst(run: Run): Promise<() => boolean> {
  let sooner: ReadonlySet<Setting> = new Set();
  const reply = await readWithin(run, run.session, iqTimeout(run.call) * FIRST_SHARE, () => {
    sooner = new Set(run.answered);
  });
  return () => {
    if (reply?.kind === 'read') planAnew(run, reply.snapshot, setting => !sooner.has(setting));
    return reply?.kind === 'read';
  };
}

/** Takes over what a read tells, so that what was not sent is planned by it. */
function planAnew(run: Run, settings: Snapshot, isBefore: (sent: Setting) => boolean): void {
  const { account, ledger } = run;
  ledger.planAnew(setting => reportedValue(settings, setting), isBefore);
  const pending = ledger.pending().map(({ setting }) => setting);
  const { instance } = account;
  if (pending.some(setting => isLocked(settings, setting)))
    run.halt ??= causeFrom({ kind: 'SETTING_LOCKED', instance, settings: pending });
  if (pending.some(setting => !isReported(settings, setting)))
    run.halt ??= causeFrom({ kind: 'SETTING_NOT_AVAILABLE', instance, settings: pending });
}

/** The read that was to tell what was there brought nothing: a later one decides how to go on, or nothing does. */
function planUnread(run: Run, settings: Snapshot | undefined): void {
  if (settings) {
    planAnew(run, settings, () => false);
    return;
  }
  const { account } = run;
  const failed = account.cache.failedAfter(run.readsBefore);
  const silence = { kind: 'WHATSAPP_TIMEOUT', instance: account.instance } as const;
  run.halt ??= causeFrom(heldBack(account) ?? (failed ? failedRead(account, failed) : silence));
}

/** After a cut, where a read over the next connection tells of every change, and nothing but the cut is against it. */
async function goOn(run: Run, settings: Snapshot | undefined): Promise<void> {
  const { account, ledger, call } = run;
  if (!settings || run.cuts >= MOST_CUTS || heldBack(account) || call.signal.aborted) return;
  const session = await account.sessionAtOnce(call).catch(() => undefined);
  if (!session || session === run.session || timeLeft(call) < MIN_ROOM_MS || !ledger.resume()) return;
  run.session = session;
  run.cut = undefined;
  run.cuts++;
  planAnew(run, settings, () => false);
}

/** What may be sent next: nothing widens before all that was sent holds. */
function nextWave(run: Run): readonly Change[] {
  const { narrowing, widening } = waves(run.ledger.pending());
  if (narrowing.length + widening.length === 0 || stopped(run)) return [];
  if (narrowing.length > 0) return narrowing;
  return run.ledger.holds() ? widening : [];
}

/** Sends a wave under the cap on IQs in flight; with `readBehind` a read leaves right after its last change. */
async function sendWave(
  run: Run,
  wave: readonly Change[],
  readBehind: boolean,
  before: Promise<unknown> | undefined,
): Promise<ReadReply | undefined> {
  const inFlight = new Set<Promise<unknown>>();
  const fly = (iq: Promise<unknown>) => {
    const flying = iq.finally(() => inFlight.delete(flying));
    inFlight.add(flying);
  };
  const room = async () => {
    while (inFlight.size >= run.account.throttle.inFlightLimit()) await Promise.race(inFlight);
  };
  if (before) fly(before);
  for (const change of wave) {
    await room();
    if (stopped(run)) break;
    fly(send(run, change));
  }
  if (readBehind) await room();
  const read =
    readBehind && !run.halt && !run.cut
      ? readWithin(run, run.session, iqTimeout(run.call) * FIRST_SHARE)
      : undefined;
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
    (timeoutMs, onLate) =>
      session.setPrivacy(change.setting, change.to, timeoutMs, onLate, () =>
        run.answered.add(change.setting),
      ),
  );
  if (mayComeLate(reply)) run.late.push(late);
  if (reply.kind !== 'not_sent') run.sent = true;
  if (cause?.reason === 'WHATSAPP_RATE_LIMITED') run.halt ??= cause;
  if (isCut(reply)) run.cut ??= cause;
}

const isCut = (reply: SetReply): boolean => reply.kind === 'not_sent' || isCutOff(reply);

/** Why nothing more may be sent; undefined when more may. */
function stopped(run: Run): Cause | undefined {
  if (timeLeft(run.call) < MIN_ROOM_MS) run.halt ??= OUT_OF_TIME;
  if (run.call.signal.aborted) run.halt ??= CALLER_GONE;
  return run.halt ?? run.cut ?? (run.keepGoing ? undefined : run.ledger.failure());
}
