import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { Origin } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { CATEGORIES, type Category, type Values } from './settings.js';
import { isUntoldLast, type SetSeen, type Timeline, wasRead } from './timeline.js';

/*
 * What must be true when nothing is in flight any more: whoever watches knows the settings and whose each change was,
 * and every entry of the history, with what came to light, says how it is.
 */

/** A change in the history. */
export type Entry = {
  readonly time: number;
  readonly category: Category | undefined;
  /** Empty where it was not known. */
  readonly before: string;
  readonly value: string;
  readonly origin: Origin;
  readonly requestId: string;
  readonly outcome: State;
  /** How it turned out afterwards; UNSPECIFIED when nothing came to light. */
  readonly resolved: State;
};

/** What a watcher was told of one change. */
export type Told = {
  readonly category: Category;
  readonly value: string | undefined;
  readonly origin: Origin;
};

/** What is left of an update when nothing is in flight any more and the service has had the time to hear of it. */
export type Aftermath = {
  /** What the account has. */
  readonly final: Values;
  /** The settings that a watcher was told last, and every change since the update began. */
  readonly told: Values;
  readonly changes: readonly Told[];
  /** Of the instance, newest first. */
  readonly history: readonly Entry[];
};

/** What of an aftermath is not so. */
export function aftermathFaults(
  { final, told, changes, history }: Aftermath,
  timeline: Timeline,
  { startTime }: { readonly startTime: number },
  falseOnes: readonly Entry[],
): string[] {
  const untold = CATEGORIES.filter(name => told[name] !== final[name] && !isUntold(told, timeline, name));
  return [
    ...untold.map(name => `a watcher was told ${name}=${told[name]} last, in force is ${final[name]}`),
    ...changes
      .filter(({ category, value }) => value !== timeline.before[category])
      .filter(({ category, value, origin }) => {
        const isOurs = isMadeBy(timeline, category, value, true);
        const isOthers = isMadeBy(timeline, category, value, false);
        // A value that was sent and has no reply is taken for ours.
        const isSent = timeline.sets.some(set => set.category === category && set.value === value);
        if (origin === Origin.THIS_SERVICE) return isOthers && !isSent;
        return origin === Origin.OTHER_DEVICE && isOurs && !isOthers && !isRefused(timeline, category, value);
      })
      .map(
        ({ category, value, origin }) =>
          `a watcher was told that ${category}=${value} was of ${Origin[origin]}`,
      ),
    ...falseOnes.map(
      ({ category, outcome, resolved }) =>
        `the history has ${category} ${State[outcome]}, resolved ${State[resolved]}, in force is ${category && final[category]}`,
    ),
    ...history
      .filter(({ origin, time }) => origin === Origin.OTHER_DEVICE && time >= startTime)
      .filter(({ category, value }) => category && value !== timeline.before[category])
      .filter(({ category, value }) => {
        const isMade = (own: boolean) => category && isMadeBy(timeline, category, value, own);
        return isMade(true) && !isMade(false) && !isRefused(timeline, category, value);
      })
      .map(({ category, value }) => `the history has ${category}=${value} as of another device`),
  ];
}

/** Whether WhatsApp said that it refused such a change: the service cannot know then that it is its own. */
const isRefused = ({ sets }: Timeline, category: Category | undefined, value: string | undefined): boolean =>
  sets.some(set => set.category === category && set.value === value && set.reply === 'refused');

/**
 * Whether WhatsApp did not say it last; what a read did not bring at all is asked for again. Among settings that a watcher
 * was told the timer may be one that could not be read, and so may what has not been read since.
 */
export function isUntold(told: Values, timeline: Timeline, category: Category): boolean {
  const isMissing = told[category] === undefined && CATEGORIES.some(name => told[name] !== undefined);
  const mayBe = category === 'disappearing_mode' || !wasRead(timeline, category);
  return isUntoldLast(timeline, category) || (isMissing && mayBe);
}

/** Whether this service, or the phone, set the category to that value. */
const isMadeBy = (
  { events }: Timeline,
  category: Category,
  value: string | undefined,
  own: boolean,
): boolean =>
  events.some(
    event =>
      event.event === 'changed' &&
      event.category === category &&
      event.value === value &&
      event.device > 0 === own,
  );

/** Whether a change has no reply, on a connection that nothing is known to have come after. */
export const isPending = ({ events }: Timeline, { answered, connection }: SetSeen): boolean =>
  answered === undefined && !events.some(event => event.event === 'asked' && event.connection > connection);

/** The entries of an update that say what is not so, with what came to light. */
export function falseEntries(
  { history, final, told }: Pick<Aftermath, 'history' | 'final' | 'told'>,
  timeline: Timeline,
  requestId: string,
): Entry[] {
  return history.filter(entry => {
    const { category, value } = entry;
    if (entry.requestId !== requestId || !category) return false;
    const outcome = entry.resolved === State.UNSPECIFIED ? entry.outcome : entry.resolved;
    const sets = timeline.sets.filter(set => set.category === category);
    const forward = sets.find(set => set.value === value);
    const last = sets.find(set => set.value !== value) ?? forward;
    const isTouched = timeline.others.some(other => other.category === category);
    const isMade = forward?.changed !== undefined;
    switch (outcome) {
      case State.APPLIED:
        return isTouched ? !isMade && !isMadeBy(timeline, category, value, false) : final[category] !== value;
      case State.FAILED:
      case State.ROLLED_BACK:
        return !isTouched && final[category] === value && !isRefused(timeline, category, value);
      case State.UNKNOWN:
        // Until its reply comes, or its connection ends, what a read does not show may come yet.
        if (last && isPending(timeline, last) && final[category] !== last.value) return false;
        // Whether a list came back with its value that value does not tell.
        if (entry.before === 'contact_blacklist' && sets.some(set => set.value === entry.before))
          return false;
        return !isTouched && entry.before !== '' && !isUntold(told, timeline, category);
      default:
        return true;
    }
  });
}
