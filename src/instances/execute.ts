import type { Cause, Outcome } from '../domain/outcome.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type Change, waves } from '../domain/waves.js';
import { type Account, iqTimeout, MIN_ROOM_MS, timeLeft } from './account.js';
import type { CallLimits } from './instances.js';
import { type Ledger, openLedger } from './ledger.js';
import type { ReadReply, Session, SetReply } from './ports.js';

/** What became of some changes. */
export type Execution = {
  /** One per change, in the order in which they are sent. */
  readonly outcomes: readonly Outcome[];
  /** The settings after it; undefined when they could not be read. */
  readonly settings: Snapshot | undefined;
  readonly sent: boolean;
  /** Whether the caller's time cut it short. */
  readonly outOfTime: boolean;
};

/** What one execution shares between its steps. */
type Run = {
  readonly account: Account;
  readonly session: Session;
  readonly limits: CallLimits;
  readonly keepGoing: boolean;
  readonly ledger: Ledger;
  /** Why nothing more may be sent, whatever the caller chose. */
  halt: Cause | undefined;
  sent: boolean;
};

/**
 * Sends changes to WhatsApp and finds out what became of each: the narrowing ones together; when every one of those
 * holds, the widening ones together; a read right behind the last. What WhatsApp does is data, never an exception.
 *
 * @param keepGoing Whether other settings still go after one failed. A lost connection, a rate limit and the end of
 *   the caller's time stop it all the same.
 */
export async function execute(
  account: Account,
  session: Session,
  changes: readonly Change[],
  keepGoing: boolean,
  limits: CallLimits,
): Promise<Execution> {
  const { narrowing, widening } = waves(changes);
  const ledger = openLedger([...narrowing, ...widening]);
  const run: Run = { account, session, limits, keepGoing, ledger, halt: undefined, sent: false };

  let settings: Snapshot | undefined;
  let behind = await sendWave(run, narrowing, widening.length === 0);
  if (widening.length > 0) {
    if (ledger.hasUnknown()) settings = await readBack(run, undefined);
    if (ledger.applied(narrowing) && !stopped(run)) {
      behind = await sendWave(run, widening, true);
      settings = undefined;
    }
  }
  if (run.sent && !settings) settings = await readBack(run, behind);

  const outOfTime = run.halt === OUT_OF_TIME || (ledger.hasUnknown() && timeLeft(limits) < MIN_ROOM_MS);
  const stop = run.halt ?? ledger.failure();
  if (stop) ledger.stoppedBy(stop);
  return { outcomes: ledger.outcomes(), settings, sent: run.sent, outOfTime };
}

/** Sends a wave under the cap on IQs in flight; with `readBehind` a read leaves right after its last change. */
async function sendWave(
  run: Run,
  wave: readonly Change[],
  readBehind: boolean,
): Promise<ReadReply | undefined> {
  const inFlight = new Set<Promise<void>>();
  for (const change of wave) {
    while (inFlight.size >= run.account.pacing.inFlightLimit()) await Promise.race(inFlight);
    if (stopped(run)) break;
    const sending = send(run, change).finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  }
  const read = readBehind && !run.halt ? readNow(run.account, run.session, run.limits) : undefined;
  await Promise.all(inFlight);
  return read;
}

async function send(run: Run, change: Change): Promise<void> {
  run.ledger.sending(change);
  run.account.history.sending(change);
  run.account.reader.invalidate();
  // Leaves the caller time for the read that settles the change when no answer comes.
  const reply = await run.session.setPrivacy(change.setting, change.to, iqTimeout(run.limits) * 0.6);
  const cause = run.ledger.replied(change, reply);
  if (reply.kind !== 'not_sent') {
    run.sent = true;
    run.account.spend('sets');
  }
  if (cause?.reason === 'WHATSAPP_RATE_LIMITED') run.account.pacing.rateLimited();
  if (cause && stopsAll(reply, cause)) run.halt ??= cause;
}

const stopsAll = (reply: SetReply, cause: Cause): boolean =>
  cause.reason === 'WHATSAPP_RATE_LIMITED' ||
  reply.kind === 'not_sent' ||
  (reply.kind === 'no_answer' && reply.cause === 'closed');

/** Why nothing more may be sent; undefined when more may. */
function stopped(run: Run): Cause | undefined {
  if (timeLeft(run.limits) < MIN_ROOM_MS) run.halt ??= OUT_OF_TIME;
  if (run.limits.signal.aborted) run.halt ??= CALLER_GONE;
  return run.halt ?? (run.keepGoing ? undefined : run.ledger.failure());
}

const OUT_OF_TIME: Cause = { reason: 'DEADLINE_TOO_SHORT', message: 'the deadline left no time for it' };
const CALLER_GONE: Cause = { reason: 'DEADLINE_TOO_SHORT', message: 'the caller had gone' };

function readNow(account: Account, session: Session, limits: CallLimits): Promise<ReadReply> {
  account.spend('reads');
  return account.reader.read(session, iqTimeout(limits));
}

/** Reads besides the one behind the last wave. */
const READ_BACKS = 2;
/** The most reads of one execution: after each wave, and behind the last. */
export const MOST_READS = 2 * READ_BACKS + 1;

/**
 * Reads until everything that was sent is known. The read behind the last wave is enough when it agrees with a
 * confirmation of every change: the server may have answered it before a change took effect, so a disagreement or a
 * missing reply asks for a later one, on this connection or the next.
 */
async function readBack(run: Run, behind: ReadReply | undefined): Promise<Snapshot | undefined> {
  const { account, ledger, limits } = run;
  let latest = behind?.kind === 'read' ? behind.snapshot : undefined;
  if (latest && !ledger.hasUnknown() && ledger.agreesWith(latest)) {
    ledger.observed(latest);
    return latest;
  }
  let later: Snapshot | undefined;
  for (let attempt = 0; attempt < READ_BACKS; attempt++) {
    if (account.pacing.heldForMs() > 0 || timeLeft(limits) <= 0) break;
    const session = await account.session(limits).catch(() => undefined);
    if (!session) break;
    const reply = await readNow(account, session, limits);
    if (reply.kind === 'refused' && reply.code === 429) account.pacing.rateLimited();
    if (reply.kind !== 'read') continue;
    later = reply.snapshot;
    if (ledger.agreesWith(later)) break;
  }
  if (later) ledger.observed(later);
  latest = later ?? latest;
  return latest;
}
