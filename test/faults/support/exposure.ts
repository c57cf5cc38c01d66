import { type Category, isCategory, rank, type Values, wished } from './settings.js';
import type { ReadSeen, SetSeen, Timeline } from './timeline.js';

/*
 * Nobody is exposed half way. After every change that an update made, so that this holds wherever it is cut off:
 * no category is wider than both its value before and the value asked for, and so for the audience that really sees
 * the account online, which with `match_last_seen` is that of last seen. And nothing that widens arrives before every
 * narrowing change of the update is confirmed, by its reply or by a read; likewise when it is rolled back.
 *
 * Not judged where the phone changed the category meanwhile, or where WhatsApp did not say what it was.
 *
 * @param unread What the update went by no value of: changes of those count as narrowing.
 */
export function exposures(timeline: Timeline, wishes: Values, unread: readonly Category[]): string[] {
  const { before, sets, reads, others } = timeline;
  const isUnclear = (category: Category) =>
    unread.includes(category) ||
    others.some(other => other.category === category) ||
    reads.some(({ of, values }) => isKept(category, of) && values && values[category] === undefined);
  const clear = wished(wishes).filter(category => !isUnclear(category));
  const faults: string[] = [];

  const wide = (category: Category, value: string | undefined) => rank(category, value ?? '');
  const widestOnline = Math.min(onlineAudience(before), onlineAudience({ ...before, ...wishes }));
  timeline.events.forEach((event, place) => {
    if (event.event !== 'changed' || event.device === 0 || !isCategory(event.category)) return;
    const { category, value } = event;
    if (
      !isUnclear(category) &&
      rank(category, value) < Math.min(wide(category, before[category]), wide(category, wishes[category]))
    )
      faults.push(`${category} became ${value}, wider than ${before[category]} and ${wishes[category]}`);

    const [last, online] = (['last', 'online'] as const).map(name => timeline.valueAt(name, place + 1));
    const now: Values = { ...(last && { last }), ...(online && { online }) };
    if (!isUnclear('last') && !isUnclear('online') && onlineAudience(now) < widestOnline)
      faults.push(`the account was seen online by more, with ${last} and ${online}`);
  });

  const isConfirmed = (category: Category, value: string | undefined, place: number) =>
    sets.some(
      set =>
        set.category === category &&
        set.value === value &&
        set.reply === 'confirmed' &&
        (set.answered ?? place) < place,
    ) ||
    reads.some(
      read =>
        (read.answered ?? place) < place &&
        read.values?.[category] === value &&
        sets.some(set => set.category === category && set.value === value && set.asked < read.asked),
    );
  const narrows = (category: Category) => wide(category, wishes[category]) > wide(category, before[category]);
  const widens = (category: Category) => wide(category, wishes[category]) < wide(category, before[category]);
  const isForward = ({ category, value }: SetSeen) => value === wishes[category];

  for (const set of sets.filter(({ category }) => clear.includes(category))) {
    const { category, value, asked } = set;
    if (isForward(set) && widens(category)) {
      const open = clear.filter(narrows).filter(other => !isConfirmed(other, wishes[other], asked));
      if (open.length > 0) faults.push(`${category}=${value} arrived before ${open.join()} was confirmed`);
    }
    if (!isForward(set) && narrows(category)) {
      const open = sets
        .filter(other => isForward(other) && clear.includes(other.category) && widens(other.category))
        .filter(other => isPrompt(timeline, other) && (other.changed ?? asked) < asked)
        .map(other => other.category)
        .filter(other => !isConfirmed(other, before[other], asked));
      if (open.length > 0) faults.push(`${category}=${value} was rolled back before ${open.join()} was`);
    }
  }
  return faults;
}

/** Whether such a read tells the category. */
const isKept = (category: Category, of: ReadSeen['of']): boolean =>
  (category === 'disappearing_mode') === (of === 'disappearing_mode');

/** Confirmed while the service was waiting for it. */
const isPrompt = ({ events }: Timeline, { asked, answered, reply }: SetSeen): boolean =>
  reply === 'confirmed' && (events[answered ?? 0]?.time ?? 0) - (events[asked]?.time ?? 0) < PROMPT_MS;
const PROMPT_MS = 100;

const onlineAudience = ({ last, online }: Values): number =>
  online === 'match_last_seen' ? rank('last', last ?? '') : 0;
