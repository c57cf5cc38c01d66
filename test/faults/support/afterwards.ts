import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/error_details.js';
import { Origin } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Aftermath, Entry } from './aftermath.js';
import { CATEGORIES, type Category, type Values } from './settings.js';
import { lastShown, type Timeline } from './timeline.js';

/*
 * What must be true when nothing is in flight any more: whoever watches knows the settings and whose each change was,
 * and every entry of the history, with what came to light, says how it is.
 */

/** What of an aftermath is not so. */
export function aftermathFaults(
  { final, told, changes, history }: Aftermath,
  timeline: Timeline,
  { requestId, startTime }: { readonly requestId: string; readonly startTime: number },
): string[] {
  const untold = CATEGORIES.filter(
    name => told[name] !== final[name] && lastShown(timeline, name) !== undefined,
  );
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
        return origin === Origin.OTHER_DEVICE && isOurs && !isOthers;
      })
      .map(
        ({ category, value, origin }) =>
          `a watcher was told that ${category}=${value} was of ${Origin[origin]}`,
      ),
    ...falseEntries(history, timeline, requestId, final).map(
      ({ category, outcome, resolved }) =>
        `the history has ${category} ${State[outcome]}, resolved ${State[resolved]}, in force is ${category && final[category]}`,
    ),
    ...history
      .filter(({ origin, time }) => origin === Origin.OTHER_DEVICE && time >= startTime)
      .filter(({ category, value }) => category && value !== timeline.before[category])
      .filter(({ category, value }) => {
        const isMade = (own: boolean) => category && isMadeBy(timeline, category, value, own);
        return isMade(true) && !isMade(false);
      })
      .map(({ category, value }) => `the history has ${category}=${value} as of another device`),
  ];
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

/** The entries of an update that say what is not so, with what came to light. */
export function falseEntries(
  history: readonly Entry[],
  timeline: Timeline,
  requestId: string,
  final: Values,
): Entry[] {
  return history.filter(entry => {
    const { category, value } = entry;
    if (entry.requestId !== requestId || !category) return false;
    const outcome = entry.resolved === State.UNSPECIFIED ? entry.outcome : entry.resolved;
    const sets = timeline.sets.filter(set => set.category === category);
    const forward = sets.find(set => set.value === value);
    const isTouched = timeline.others.some(other => other.category === category);
    const isMade = forward?.changed !== undefined;
    switch (outcome) {
      case State.APPLIED:
        return isTouched ? !isMade : final[category] !== value;
      case State.FAILED:
      case State.ROLLED_BACK:
        return !isTouched && final[category] === value;
      case State.UNKNOWN:
        return !isTouched && lastShown(timeline, category) !== undefined;
      default:
        return true;
    }
  });
}
