import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import { type Aftermath, aftermathFaults, type Entry } from './afterwards.js';
import type { ListPlan, Person } from './list-plans.js';
import type { Note } from './oracle.js';
import type { Values } from './settings.js';
import { timelineOf } from './timeline.js';

/*
 * What the answer to a change of a list promises, held against the simulator's journal:
 *
 *   APPLIED, UNCHANGED  a list that WhatsApp told after the change, or at all where nothing was sent, is the one in the
 *                       answer and as the caller wants it, and so is the list in force, unless the phone changed it
 *   FAILED              no change took effect and none will, or the phone took it back before the answer
 *                       likewise where something was sent and the answer has no outcome
 *   NOT_ATTEMPTED       nothing was sent
 *   UNKNOWN             nothing
 */

/** What a caller gets from a change of a list. */
export type ListAnswer = {
  readonly code: status;
  readonly reason: string | undefined;
  readonly state: State | undefined;
  /** Undefined in an error, and where nobody can know. */
  readonly entries: readonly (Person | undefined)[] | undefined;
};

/** One change of a list with everything that is known of it. */
export type ListRun = {
  readonly plan: ListPlan;
  readonly before: Values;
  readonly events: readonly PrivacyEvent[];
  readonly answer: ListAnswer;
  readonly answeredAt: number;
  readonly startTime: number;
  readonly answerTime: number;
  readonly requestId: string;
  readonly history: readonly Entry[];
  readonly aftermath: Aftermath | undefined;
};

/** A list that WhatsApp told, where it was asked for. */
type ToldList = { readonly asked: number; readonly answered: number; readonly users: readonly Person[] };

const AS_ASKED: readonly (State | undefined)[] = [State.APPLIED, State.UNCHANGED];
const SPARE_MS = 1_000;

/** Holds one run against the record; `personOf` tells whose an id is. */
export function judgeList(
  run: ListRun,
  personOf: (jid: string) => Person | undefined,
): { wrong: string[]; notes: Note[] } {
  const { plan, answer, events, answeredAt, aftermath, before } = run;
  const timeline = timelineOf(before, events);
  const sets = timeline.sets.filter(({ category }) => category === plan.category);
  const own = changesOf(run, true);
  const others = changesOf(run, false);
  const lists = toldLists(run, personOf);
  const lastSent = Math.max(-1, ...sets.map(({ asked }) => asked));
  const { entries, code } = answer;
  // The error of a change that failed says no more than why. What left as its connection broke may not have arrived.
  const isLost = isCut(events) && run.history.length > 0;
  // One whose time was over says nothing of what left and never arrived: the history does, and is held to it.
  const isUnheard = answer.reason === 'DEADLINE_TOO_SHORT' && sets.length === 0;
  const [unheard] = isUnheard ? run.history : [];
  const unsaid = unheard ? unheard.outcome : sets.length > 0 || isLost ? State.FAILED : undefined;
  const state = answer.state ?? unsaid;
  const wrong: string[] = [];
  const notes: Note[] = [];
  const isTakenBack = (place: number) =>
    others.some(other => other.place > place && other.place < answeredAt);
  const isLie = sets.some(({ reply, changed }) => reply === 'refused' && changed !== undefined);

  if (plan.validateOnly && sets.length > 0) wrong.push('a stanza arrived although nothing was to be changed');
  if (!plan.validateOnly && (code === status.OK) !== AS_ASKED.includes(state))
    wrong.push(`the status is ${status[code]} with ${state && State[state]}`);

  switch (state) {
    case State.APPLIED:
    case State.UNCHANGED: {
      if (state === State.UNCHANGED && sets.length > 0) wrong.push('UNCHANGED but a stanza for it arrived');
      if (code !== status.OK) break;
      const isTold = lists.some(({ asked, users }) => asked > lastSent && isSame(users, entries ?? []));
      if (!isTold)
        wrong.push(`${State[state]} with ${entries?.join()}, which no read after the change was told`);
      if (!isWanted(plan, entries ?? []))
        wrong.push(`${State[state]} with ${entries?.join()}, which was not asked for`);
      const now = others.length > 0 ? undefined : own.at(-1);
      if (now && !isWanted(plan, now.contacts))
        wrong.push(`${State[state]} but in force is ${now.contacts.join()}`);
      if (state === State.APPLIED && own.length === 0 && others.length === 0)
        wrong.push('APPLIED but nothing took effect');
      break;
    }
    case State.FAILED: {
      const lasting = own.filter(({ place }) => !isTakenBack(place));
      if (lasting.length > 0 && !isLie) wrong.push('FAILED but it took effect');
      else if (lasting.length > 0) notes.push('deceived');
      break;
    }
    case State.UNKNOWN: {
      const isInTime = ({ asked, answered = answeredAt }: { asked: number; answered?: number | undefined }) =>
        asked > lastSent && answered < answeredAt;
      // That a list is told beside no other value is known from one client only: the value is to be read, too.
      const isShown =
        lists.some(list => isInTime(list) && isWanted(plan, list.users)) &&
        timeline.reads.some(read => isInTime(read) && read.values?.[plan.category] === 'contact_blacklist');
      const hasTime = run.answerTime < run.startTime + plan.deadlineMs - SPARE_MS;
      if (isShown && others.length === 0 && !isCut(events)) notes.push('avoidable');
      else if (hasTime) notes.push('early');
      break;
    }
    default:
      if (sets.length > 0)
        wrong.push(`${state === undefined ? 'no outcome' : State[state]} but a stanza for it arrived`);
  }

  const tried = state !== undefined && TRIED.includes(state) ? 1 : 0;
  const kept = run.history.filter(({ outcome }) => outcome === state).length;
  if (kept !== tried || run.history.length !== tried)
    wrong.push(`the history has ${run.history.map(({ outcome }) => State[outcome]).join()}`);
  if (aftermath)
    wrong.push(...aftermathFaults(aftermath, timeline, run, falseListEntries(run, aftermath.history)));
  return { wrong, notes };
}

const TRIED: readonly State[] = [State.APPLIED, State.FAILED, State.UNKNOWN];

/** The entry of a change of a list where it says what is not so; the value of its setting tells nothing of a list. */
export function falseListEntries(
  run: Pick<ListRun, 'events' | 'plan' | 'requestId'>,
  history: readonly Entry[],
): Entry[] {
  const isMade = changesOf(run, true).length > 0;
  const isTouched = changesOf(run, false).length > 0;
  return history.filter(({ requestId, outcome, resolved }) => {
    const told = resolved === State.UNSPECIFIED ? outcome : resolved;
    if (requestId !== run.requestId || isTouched) return false;
    return (told === State.APPLIED && !isMade) || (told === State.FAILED && isMade && !isRefused(run.events));
  });
}

const isRefused = (events: readonly PrivacyEvent[]): boolean =>
  events.some(event => event.event === 'answered' && /"error"/.test(JSON.stringify(event.reply)));

/** What the service, or the phone, made of the list and its setting. */
const changesOf = ({ events, plan }: Pick<ListRun, 'events' | 'plan'>, own: boolean) =>
  events.flatMap((event, place) =>
    event.event === 'changed' && event.category === plan.category && event.device > 0 === own
      ? [{ place, value: event.value, contacts: event.contacts ?? [] }]
      : [],
  );

function toldLists({ events, plan }: ListRun, personOf: (jid: string) => Person | undefined): ToldList[] {
  const asked = new Map<string, number>();
  return events.flatMap((event, place): ToldList[] => {
    if (event.event === 'asked') {
      const [privacy] = childrenOf(event.iq, 'privacy');
      const [list] = privacy ? childrenOf(privacy, 'list') : [];
      if (list?.attrs['name'] === plan.category)
        asked.set(`${event.connection} ${event.iq.attrs['id']}`, place);
    }
    if (event.event !== 'answered') return [];
    const question = asked.get(`${event.connection} ${event.reply.attrs['id']}`);
    const [privacy] = childrenOf(event.reply, 'privacy');
    if (question === undefined || !privacy || event.reply.attrs['type'] !== 'result') return [];
    const users = childrenOf(privacy, 'list').flatMap(list => childrenOf(list, 'user'));
    const people = users.flatMap(({ attrs }) => personOf(attrs['pn_jid'] ?? attrs['jid'] ?? '') ?? []);
    return [{ asked: question, answered: place, users: people }];
  });
}

type Node = Extract<PrivacyEvent, { event: 'asked' }>['iq'];
const childrenOf = ({ content }: Node, tag: string): Node[] =>
  Array.isArray(content) ? content.filter(child => child.tag === tag) : [];

const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.every(each => other.includes(each)) && other.every(each => one.includes(each));

/** Whether a list is as the caller wants it. */
const isWanted = ({ add, remove, replace }: ListPlan, list: readonly (string | undefined)[]): boolean =>
  replace
    ? isSame(list, add)
    : add.every(one => list.includes(one)) && !remove.some(one => list.includes(one));

/** Whether more than one connection was asked: what was answered on the first may not have arrived. */
const isCut = (events: readonly PrivacyEvent[]): boolean =>
  new Set(events.flatMap(event => (event.event === 'asked' ? [event.connection] : []))).size > 1;
