import { status } from '@grpc/grpc-js';
import {
  ErrorReason,
  type SettingOutcome,
  SettingOutcome_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import { type Aftermath, aftermathFaults, type Entry, falseEntries } from './afterwards.js';
import { type Epilogue, epilogueFaults } from './epilogue.js';
import { exposures } from './exposure.js';
import type { Plan } from './plans.js';
import { CATEGORIES, type Category, categoryOf, type Values, valuesOf, wished } from './settings.js';
import { type ReadSeen, type SetSeen, type Timeline, timelineOf } from './timeline.js';
import type { Answer } from './updates.js';

/*
 * What an outcome promises, and what is held against it.
 *
 * The witness is the simulator's journal: what it was asked, what it changed, what it answered, in that order. An
 * outcome is a statement about the account at the moment of the last proof: WhatsApp's reply to the change, or, where
 * that is missing or proves nothing, the last read that WhatsApp answered. So
 *
 *   APPLIED        the value is in force, or was until the phone changed it
 *   FAILED         the change took no effect and never will, or the phone changed it back before the answer
 *   ROLLED_BACK    the previous value is in force with its list, or was until the phone changed it
 *   NOT_ATTEMPTED  no stanza for it arrived, ever
 *   UNCHANGED      no stanza for it arrived, and the value was in force when it was last read, which is behind the
 *                  changes of the update where there were any
 *   UNKNOWN        nothing; it is `avoidable` where a read in time had told, though it may have been one that the
 *                  service made because of a push and not for the update; `early` where the caller had more time
 *
 * One thing no client can know, so it is not wrong, and is counted:
 *
 *   deceived  WhatsApp itself said something false of a change, and answered no read after that.
 *
 * What WhatsApp answers to a read is taken to be true.
 */

/** One update with everything that is known of it. */
export type Run = {
  readonly plan: Plan;
  readonly before: Values;
  /** By category, whom the lists except. */
  readonly listsBefore: Readonly<Record<string, readonly string[]>>;
  /** From the call until nothing was in flight any more. */
  readonly events: readonly PrivacyEvent[];
  readonly answer: Answer;
  /** How many events had happened when the answer was there, and when that was. */
  readonly answeredAt: number;
  readonly startTime: number;
  readonly answerTime: number;
  readonly cancelTime: number | undefined;
  /** Whether the call itself brought outcomes, not only its repetition. */
  readonly isAnswered: boolean;
  /** The answer to the same request_id afterwards, when something was sent. */
  readonly repetition: Answer | undefined;
  /** What the history held of the request when it was answered. */
  readonly history: readonly Entry[];
  readonly requestId: string;
  /** Undefined where it was not waited for, or the account did not come back. */
  readonly aftermath: Aftermath | undefined;
  readonly epilogue: Epilogue | undefined;
  /** Whether a connection was broken: what was answered on it before may not have arrived. */
  readonly isCut: boolean;
  /** Whether one of them looks sound to the service still. */
  readonly isDeaf: boolean;
};

const NOTES = ['deceived', 'avoidable', 'early'] as const;
export type Note = (typeof NOTES)[number];
const isNote = (verdict: string): verdict is Note => NOTES.some(note => note === verdict);
export type Judgement = { readonly wrong: readonly string[]; readonly notes: readonly Note[] };

/** How long a word of one side may take to the other on a busy machine. */
const UNDER_WAY_MS = 2_000;
/** A read that follows a change sooner than this was sent behind it without waiting for a reply. */
const BEHIND_MS = 50;
/** An answer that leaves the caller more than this is early. */
const SPARE_MS = 1_000;
/** What leaves WhatsApp later than this before the caller's time is over may not be heard. */
const LAST_MOMENT_MS = 500;

/** Holds one run against the simulator's record. */
export function judge(run: Run): Judgement {
  const timeline = timelineOf(run.before, run.events);
  const wrong: string[] = [];
  const notes: Note[] = [];
  const unread: Category[] = [];
  for (const outcome of run.answer.outcomes ?? []) {
    const category = categoryOf(outcome.setting);
    if (!category) continue; // Missed by `answerFaults`.
    if (outcome.previousValue === '') unread.push(category);
    const verdict = outcomeVerdict(run, timeline, category, outcome);
    if (verdict && isNote(verdict)) notes.push(verdict);
    else if (verdict) wrong.push(`${category} ${State[outcome.state]} but ${verdict}`);
  }
  wrong.push(
    ...answerFaults(run, timeline),
    ...settingsFaults(run, timeline),
    ...stanzaFaults(run, timeline),
    ...leftFaults(run, timeline),
    ...(run.epilogue ? epilogueFaults(run.epilogue) : []),
    ...exposures(timeline, run.plan.wishes, unread),
  );
  return { wrong, notes };
}

function outcomeVerdict(
  run: Run,
  timeline: Timeline,
  category: Category,
  outcome: SettingOutcome,
): string | undefined {
  const wish = run.plan.wishes[category];
  if (outcome.requestedValue !== wish) return `it was not asked for ${outcome.requestedValue}`;
  const sets = timeline.sets.filter(set => set.category === category);
  // Sent again after a cut.
  const forwards = sets.filter(({ value }) => value === wish);
  if (forwards.length > outcome.resendCount + 1)
    return `it was sent ${forwards.length} times, and told as sent again ${outcome.resendCount} times`;
  const forward = forwards.findLast(({ changed }) => changed !== undefined) ?? forwards.at(-1);
  const back = sets.find(({ value }) => value !== wish);
  const final = timeline.valueAt(category, run.events.length);

  switch (outcome.state) {
    case State.APPLIED:
      if (final === wish || wasOverwritten(timeline, category, wish)) return undefined;
      return forward && isDeceived(run, timeline, forward) ? 'deceived' : `in force is ${final}`;
    case State.FAILED:
      if (forward?.changed === undefined || isTakenBack(run, timeline, forward)) return undefined;
      return isDeceived(run, timeline, forward) ? 'deceived' : 'it took effect';
    case State.ROLLED_BACK: {
      const previous = outcome.previousValue;
      if (wasOverwritten(timeline, category, previous)) return undefined;
      if (final === previous) return listVerdict(run, timeline, category);
      return back && isDeceived(run, timeline, back) ? 'deceived' : `in force is ${final}, not ${previous}`;
    }
    case State.NOT_ATTEMPTED:
      return forward && 'a stanza for it arrived';
    case State.UNCHANGED:
      if (sets.length > 0) return 'a stanza for it arrived';
      // An answer without settings, other than OK, says by itself that they could not be read.
      if (run.answer.settings === undefined && run.answer.code !== status.OK)
        return wasInForce(run, timeline, category, wish) ? undefined : 'it had another value all the time';
      return wasProved(run, timeline, category, wish) ? undefined : 'it had another value then';
    case State.UNKNOWN:
      if (forward && isAvoidable(run, timeline, forward, back, outcome)) return 'avoidable';
      return run.answerTime < run.startTime + run.plan.deadlineMs - SPARE_MS ? 'early' : undefined;
    default:
      return 'that is no end of such an update';
  }
}

/** Whether a list that belongs to a value that is in force again is another one than before. */
function listVerdict(
  { events, listsBefore }: Run,
  timeline: Timeline,
  category: Category,
): string | undefined {
  if (timeline.others.some(other => other.category === category)) return undefined;
  const last = events.findLast(event => event.event === 'changed' && event.category === category);
  const now = (last?.event === 'changed' && last.value === 'contact_blacklist' && last.contacts) || undefined;
  const [was, is] = [listsBefore[category] ?? [], now ?? []].map(list => list.toSorted().join());
  return last?.event === 'changed' && last.value === 'contact_blacklist' && was !== is
    ? `it excepts ${is || 'nobody'} in place of ${was || 'nobody'}`
    : undefined;
}

/** Whether the phone changed the category while it had this value. */
const wasOverwritten = (timeline: Timeline, category: Category, value: string | undefined): boolean =>
  timeline.others.some(
    other => other.category === category && timeline.valueAt(category, other.at) === value,
  );

/** Whether the phone changed the category after a change of it had taken effect, before anybody was told of either. */
const isTakenBack = (
  { answeredAt }: Run,
  { others }: Timeline,
  { category, changed = 0 }: SetSeen,
): boolean =>
  others.some(other => other.category === category && other.at > changed && other.at < answeredAt);

/**
 * Whether a setting that was not sent still had its value when that was last read: behind the changes of the update, or
 * at all when there were none.
 */
function wasProved(run: Run, timeline: Timeline, category: Category, value: string): boolean {
  const { answeredAt } = run;
  const lastSent = Math.max(
    -1,
    ...timeline.sets.map(({ asked }) => asked).filter(asked => asked < answeredAt),
  );
  return (
    timeline.valueAt(category, answeredAt) === value ||
    (lastSent < 0 && timeline.before[category] === value) ||
    timeline.reads.some(
      ({ of, asked, answered = answeredAt, values }) =>
        asked > lastSent &&
        answered < answeredAt &&
        (values?.[category] === value ||
          // The timer is kept where it has not changed.
          (category === 'disappearing_mode' &&
            of === 'privacy' &&
            timeline.valueAt(category, asked) === value)),
    )
  );
}

const wasInForce = ({ answeredAt }: Run, timeline: Timeline, category: Category, value: string): boolean =>
  timeline.before[category] === value ||
  timeline.events
    .slice(0, answeredAt)
    .some(event => event.event === 'changed' && event.category === category && event.value === value);

const timeOf = ({ events }: Timeline, place: number): number => events[place]?.time ?? 0;

/** A read that left because no reply to the set had come, and was answered. */
const isFollowUp = (timeline: Timeline, read: ReadSeen, set: SetSeen): boolean =>
  read.answered !== undefined &&
  read.asked > set.asked &&
  (read.connection !== set.connection ||
    timeOf(timeline, read.asked) - timeOf(timeline, set.asked) >= BEHIND_MS);

/** Whether the reply to the set was false and no later read told so before the answer. */
function isDeceived(run: Run, timeline: Timeline, set: SetSeen): boolean {
  const { answered, changed, reply, category } = set;
  if (answered === undefined || reply === undefined || reply === 'nothing') return false;
  const isFalse = (reply === 'confirmed') !== (changed !== undefined);
  const isTold = timeline.reads.some(
    read => read.asked > answered && read.values?.[category] !== undefined && wasKnown(run, timeline, read),
  );
  return isFalse && !isTold;
}

/**
 * Whether the service knew of a read when it answered. Where a connection broke, only what was asked on it later tells
 * that an answer had come through; at the end of the caller's time it may have come too late, and so has what came on
 * a connection behind a reply that had not been heard yet.
 */
function wasKnown(run: Run, timeline: Timeline, read: ReadSeen) {
  const { plan, isCut, startTime, answeredAt, answerTime } = run;
  const { answered, connection } = read;
  if (answered !== undefined && answered > (firstUnheard(run, timeline, connection) ?? answered))
    return false;
  if (answered === undefined || answered >= answeredAt) return false;
  const lastMoment = startTime + plan.deadlineMs - LAST_MOMENT_MS;
  if (answerTime > lastMoment && timeOf(timeline, answered) > lastMoment) return false;
  const { reads, sets } = timeline;
  return !isCut || [...reads, ...sets].some(next => next.connection === connection && next.asked > answered);
}

/** Why a reply is not known, although WhatsApp may have sent it. */
const UNHEARD: readonly ErrorReason[] = [ErrorReason.WHATSAPP_TIMEOUT, ErrorReason.CONNECTION_LOST];

/** The first reply on a connection that the answer does not know of, when it came at the end of the caller's time. */
function firstUnheard({ answer, answeredAt }: Run, { sets }: Timeline, connection: number) {
  if (answer.code !== status.DEADLINE_EXCEEDED) return undefined;
  const unheard = answer.outcomes
    ?.filter(({ state, reason }) => state === State.UNKNOWN && UNHEARD.includes(reason))
    .map(({ setting }) => categoryOf(setting));
  return sets
    .filter(set => set.connection === connection && unheard?.includes(set.category))
    .map(({ answered }) => answered)
    .find(answered => answered !== undefined && answered < answeredAt);
}

/** Whether a read that arrived in time showed what became of the change. */
function isAvoidable(
  run: Run,
  timeline: Timeline,
  forward: SetSeen,
  back: SetSeen | undefined,
  { previousValue }: SettingOutcome,
): boolean {
  const last = back ?? forward;
  const before = back ? forward.value : previousValue;
  return (
    !timeline.others.some(({ category }) => category === forward.category) &&
    timeline.reads.some(read => {
      const shown = read.values?.[forward.category];
      // Without a reply, on a connection that goes on, the previous value proves nothing lasting.
      const isOver = read.connection !== last.connection || (last.answered ?? read.asked) < read.asked;
      return (
        isFollowUp(timeline, read, last) &&
        wasKnown(run, timeline, read) &&
        (shown === last.value || (shown === before && isOver))
      );
    })
  );
}

/** What is not so when everything has come to its end. */
function leftFaults({ aftermath, requestId, startTime }: Run, timeline: Timeline): string[] {
  if (!aftermath) return [];
  const falseOnes = falseEntries(aftermath, timeline, requestId);
  return aftermathFaults(aftermath, timeline, { startTime }, falseOnes);
}

const TRIED: readonly State[] = [State.APPLIED, State.FAILED, State.UNKNOWN, State.ROLLED_BACK];
const AS_ASKED: readonly State[] = [State.APPLIED, State.UNCHANGED];
/** After a failure with another status the account is as it was. */
const MAY_HAVE_CHANGED: readonly status[] = [status.OK, status.ABORTED, status.DEADLINE_EXCEEDED];

/** Whether the answer contradicts itself, its repetition or the history. */
function answerFaults({ plan, answer, answeredAt, repetition, history }: Run, { sets }: Timeline): string[] {
  const { code, outcomes } = answer;
  const faults: string[] = [];
  if (!outcomes) return faults;

  const states = outcomes.map(({ state }) => state);
  const asked = wished(plan.wishes);
  if (
    CATEGORIES.filter(name => outcomes.some(one => categoryOf(one.setting) === name)).join() !== asked.join()
  )
    faults.push('the outcomes are not those of the settings asked for');
  if ((code === status.OK) !== states.every(state => AS_ASKED.includes(state)))
    faults.push(`the status is ${status[code]} with ${states.map(state => State[state]).join()}`);
  if (
    !MAY_HAVE_CHANGED.includes(code) &&
    states.some(state => state === State.APPLIED || state === State.UNKNOWN)
  )
    faults.push(`the status is ${status[code]}, which means that nothing was changed`);
  if (repetition && inWords(repetition.outcomes) !== inWords(outcomes))
    faults.push(`the request_id gives ${inWords(repetition.outcomes)} afterwards`);

  // As a rule nothing was sent for what had its value already.
  const wasSent = (category: Category | undefined) =>
    sets.some(set => set.category === category && set.asked < answeredAt);
  const tried = outcomes.filter(
    ({ setting, state, previousValue, requestedValue }) =>
      TRIED.includes(state) && (previousValue !== requestedValue || wasSent(categoryOf(setting))),
  );
  const kept = tried.filter(({ setting, state }) =>
    history.some(({ category, outcome }) => category === categoryOf(setting) && outcome === state),
  );
  if (kept.length !== tried.length || history.length !== tried.length)
    faults.push(
      `the history has ${history.map(({ category, outcome }) => `${category} ${State[outcome]}`).join()}`,
    );
  return faults;
}

const inWords = (outcomes: Answer['outcomes']): string =>
  outcomes?.map(({ setting, state }) => `${categoryOf(setting)} ${State[state]}`).join(', ') ?? 'no outcomes';

/** Whether the settings in the answer are what a read after the update was told. */
function settingsFaults(run: Run, timeline: Timeline): string[] {
  const { answer, plan, answeredAt } = run;
  if (!answer.settings) return [];
  // The timer is read apart, and kept where it has not changed.
  const { disappearing_mode: timer, ...values }: Values = valuesOf(answer.settings);
  const names = CATEGORIES.filter(name => name !== 'disappearing_mode');
  const told = ({ of, answered = answeredAt, values: shown }: ReadSeen) =>
    of === 'privacy' && answered < answeredAt && names.every(name => shown?.[name] === values[name]);
  const lastSet = Math.max(
    -1,
    ...timeline.sets.map(({ asked }) => asked).filter(asked => asked < answeredAt),
  );
  const isTrue =
    timeline.reads.some(read => read.asked > lastSet && told(read)) ||
    (lastSet < 0 && names.every(name => [undefined, timeline.before[name]].includes(values[name])));
  const faults = isTrue ? [] : ['no read after the last change gave the settings of the answer'];
  if (timer !== undefined && !wasInForce(run, timeline, 'disappearing_mode', timer))
    faults.push(`the answer has ${timer} s for the timer, which never was`);

  for (const { setting, state, previousValue } of answer.outcomes ?? []) {
    const category = categoryOf(setting) as Category;
    // It could not be read before, so that nobody knew that nothing was wanted of it.
    if (state === State.NOT_ATTEMPTED && previousValue === '') continue;
    const isTouched = timeline.others.some(other => other.category === category);
    const value = { ...values, disappearing_mode: timer }[category];
    if (value === undefined) continue;
    const isAsAsked = value === plan.wishes[category];
    // Of what may be set back yet, the value that it has says nothing.
    const isOpen = state === State.UNKNOWN && isBeingSetBack(run, timeline, category);
    if (AS_ASKED.includes(state) ? !isAsAsked : isAsAsked && !isTouched && !isOpen)
      faults.push(`${category} is ${State[state]} and ${value} in the same answer`);
  }
  return faults;
}

/** Whether WhatsApp had not answered a change back when the last read left. */
function isBeingSetBack({ plan, answeredAt }: Run, { sets, reads }: Timeline, category: Category): boolean {
  const lastRead = reads.findLast(
    ({ of, answered = answeredAt }) => of === 'privacy' && answered < answeredAt,
  );
  return sets.some(
    ({ value, asked, answered = answeredAt, ...set }) =>
      set.category === category &&
      value !== plan.wishes[category] &&
      asked < answeredAt &&
      answered > (lastRead?.asked ?? 0),
  );
}

/** Whether something was sent twice, after the caller had gone, or while WhatsApp had asked to wait. */
function stanzaFaults({ plan, cancelTime, isCut }: Run, timeline: Timeline): string[] {
  const faults: string[] = [];
  faults.push(...sentTwice(timeline, timeline.sets).map(name => `${name} arrived twice`));
  for (const { category, value, asked } of timeline.sets) {
    const name = `${category}=${value}`;
    const isForward = value === plan.wishes[category];
    if (isForward && cancelTime !== undefined && timeOf(timeline, asked) > cancelTime + UNDER_WAY_MS)
      faults.push(`${name} arrived after the caller had gone`);
  }
  const refused = timeline.events.findIndex(event => event.event === 'answered' && isRateLimit(event.reply));
  const heldFrom = refused < 0 || isCut ? Number.POSITIVE_INFINITY : timeOf(timeline, refused) + UNDER_WAY_MS;
  if (timeline.events.some(event => event.event === 'asked' && event.time > heldFrom))
    faults.push('something was asked although WhatsApp had said to wait');
  return faults;
}

/** Of some changes those that were sent once more although nothing showed that they were lost. */
export function sentTwice(timeline: Timeline, sets: readonly SetSeen[]): string[] {
  const seen = new Map<string, SetSeen>();
  return sets.flatMap(set => {
    const name = `${set.category}=${set.value}`;
    const before = seen.get(name);
    seen.set(name, set);
    return before && !isMissing(timeline, before, set) ? [name] : [];
  });
}

/** Whether a change was lost with its connection, as a read over the next one showed before it was sent again. */
const isMissing = ({ reads }: Timeline, lost: SetSeen, again: SetSeen): boolean =>
  lost.connection !== again.connection &&
  reads.some(
    ({ asked, answered = again.asked, connection, values }) =>
      connection !== lost.connection &&
      asked > lost.asked &&
      answered < again.asked &&
      values?.[again.category] !== again.value,
  );

const isRateLimit = (reply: Extract<PrivacyEvent, { event: 'answered' }>['reply']): boolean =>
  JSON.stringify(reply).includes('"code":"429"');
