import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  PrivacyChange_Kind as Kind,
  type PrivacyChange,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacyEvent } from '../../../../src/simulator/index.js';
import { entryOf } from '../../../faults/support/aftermath.js';
import type { Entry } from '../../../faults/support/afterwards.js';
import { judge } from '../../../faults/support/oracle.js';
import { type Category, categoryOf } from '../../../faults/support/settings.js';
import { type Timeline, timelineOf } from '../../../faults/support/timeline.js';
import { type Asked, isAnswer, type Track } from './updating.js';

/** Entries of the history by the request that they are of. */
export type History = ReadonlyMap<string, readonly Entry[]>;

/** The entries of the whole history as the oracle knows them. */
export const requestsIn = (history: readonly PrivacyChange[]): History =>
  Map.groupBy(
    history.filter(({ kind }) => kind === Kind.SETTING_CHANGED).map(entryOf),
    ({ requestId }) => requestId,
  );

/** What of all that was told of updates of an account is not so, in words. */
export const falseAnswers = (
  { asked }: Track,
  journal: readonly PrivacyEvent[],
  history: History,
): string[] =>
  asked.flatMap((one, index) => {
    const events = journal.slice(one.from, asked[index + 1]?.from);
    const told = history.get(one.requestId) ?? [];
    const wrong = one.calls === 1 ? faultsOfOne(one, events, told) : faultsOfMany(one, events, told);
    return wrong.map(fault => `${inShort(one)}: ${fault}`);
  });

/** Which update it was, and how it was told to have ended. */
const inShort = ({ desk, requestId, calls, answer: { code, outcomes }, happened }: Asked): string => {
  const told = outcomes?.map(({ setting, state }) => `${categoryOf(setting)} ${State[state]}`).join(', ');
  const [from, to] = [happened.startTime, happened.answerTime].map(ms => new Date(ms).toISOString());
  return `${desk.instance} ${requestId}, ${calls} calls, the last from ${from} to ${to}, ${status[code]} with ${told}`;
};

/** The oracle of the updates with faults at WhatsApp judges what was asked once and answered. */
function faultsOfOne(one: Asked, events: readonly PrivacyEvent[], history: readonly Entry[]): string[] {
  const { answer, wish, requestId, from, happened } = one;
  if (!isAnswer(answer)) return [];
  const { wrong } = judge({
    ...happened,
    plan: { ...wish, ...NOTHING_ELSE },
    events,
    answer,
    answeredAt: happened.answeredAt - from,
    cancelTime: undefined,
    isAnswered: true,
    repetition: undefined,
    history,
    requestId,
    aftermath: undefined,
    epilogue: undefined,
    // Any connection may have broken.
    isCut: true,
    isDeaf: false,
  });
  const timeline = timelineOf(happened.before, events);
  // Who was lost may have written more than the one who answered in its place could know, or nothing any more.
  const isInDoubt = answer.outcomes?.some(({ state }) => state === State.UNKNOWN) ?? false;
  const faults = isInDoubt ? wrong.filter(fault => !fault.startsWith('the history has')) : wrong;
  return [...faults, ...unsentFaults(one, timeline), ...falseEntriesOf(one, timeline, history)];
}

const NOTHING_ELSE = {
  start: {},
  readBefore: false,
  faults: [],
  meanwhile: [],
  isPatient: true,
  cancelAfterMs: undefined,
  reconnectAfterMs: undefined,
} as const;

/** What the history calls made was made. */
const falseEntriesOf = ({ wish }: Asked, { sets }: Timeline, history: readonly Entry[]): string[] =>
  history
    .filter(({ category, value, outcome }) => {
      const isMade = sets.some(set => set.category === category && set.changed !== undefined);
      return outcome === State.APPLIED && category && value === wish.wishes[category] && !isMade;
    })
    .map(({ category }) => `the history calls ${category} made, which never took effect`);

/** A status of the service without outcomes says that nothing was sent. */
const unsentFaults = ({ answer: { outcomes, reason } }: Asked, { sets }: Timeline): string[] =>
  outcomes === undefined && sets.length > 0
    ? [`${reason} without outcomes, but ${sets.map(({ category }) => category).join()} arrived`]
    : [];

/**
 * What was asked several times may have been made by any of the calls, so that less is to be held against the last answer:
 * what it calls made is in force and in the history, what it calls not made was not made since it was asked for.
 */
function faultsOfMany(one: Asked, events: readonly PrivacyEvent[], history: readonly Entry[]): string[] {
  const { answer, wish, from, lastFrom, happened } = one;
  const timeline = timelineOf(happened.before, events);
  return (answer.outcomes ?? []).flatMap(({ setting, state }) => {
    const category = categoryOf(setting) as Category;
    const wished = wish.wishes[category];
    const changes = timeline.sets.filter(set => set.category === category && set.value === wished);
    const final = events.findLast(event => event.event === 'changed' && event.category === category);
    const value = final?.event === 'changed' ? final.value : happened.before[category];
    switch (state) {
      case State.APPLIED:
      case State.UNCHANGED:
        return [
          ...(value === wished ? [] : [`${category} ${State[state]} but in force is ${value}`]),
          ...(state === State.UNCHANGED || history.some(entry => entry.category === category)
            ? []
            : [`${category} APPLIED but not in the history`]),
        ];
      case State.NOT_ATTEMPTED:
        return changes.some(({ asked }) => asked >= lastFrom - from)
          ? [`${category} NOT_ATTEMPTED but a stanza for it arrived`]
          : [];
      case State.FAILED:
        return changes.some(({ changed }) => changed !== undefined && changed >= lastFrom - from)
          ? [`${category} FAILED but it took effect`]
          : [];
      default:
        return [];
    }
  });
}
