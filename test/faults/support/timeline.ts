import type { PrivacyEvent } from '../../../src/simulator/index.js';
import { type Category, isCategory, type Values } from './settings.js';

type Asked = Extract<PrivacyEvent, { event: 'asked' }>;
type Node = Asked['iq'];

/** A set as the server saw it. Places are positions in the list of events. */
export type SetSeen = {
  readonly category: Category;
  readonly value: string;
  readonly asked: number;
  readonly connection: number;
  /** Where it took effect. */
  changed: number | undefined;
  /** Where a reply left. */
  answered: number | undefined;
  /** What the reply says by the rules of WhatsApp Web, true or not. */
  reply: 'confirmed' | 'refused' | 'nothing' | undefined;
};

/** A read as the server saw it, of the settings or of the timer, which WhatsApp keeps apart. */
export type ReadSeen = {
  readonly of: 'privacy' | 'disappearing_mode';
  readonly asked: number;
  readonly connection: number;
  answered: number | undefined;
  /** The values in the reply, categories with an error or two values left out; undefined when it was none. */
  values: Values | undefined;
};

/** What happened to one account from the beginning of a call until nothing was in flight any more. */
export type Timeline = {
  readonly events: readonly PrivacyEvent[];
  readonly before: Values;
  readonly sets: readonly SetSeen[];
  readonly reads: readonly ReadSeen[];
  /** Changes on the phone. */
  readonly others: readonly { readonly at: number; readonly category: Category }[];
  /** The value when so many events had happened. */
  valueAt(category: Category, place: number): string | undefined;
};

/** Puts the questions, changes and answers of an account together. */
export function timelineOf(before: Values, events: readonly PrivacyEvent[]): Timeline {
  const sets: SetSeen[] = [];
  const reads: ReadSeen[] = [];
  const others: { at: number; category: Category }[] = [];
  const pending = new Map<string, SetSeen | ReadSeen>();

  events.forEach((event, place) => {
    switch (event.event) {
      case 'asked': {
        const { connection, iq } = event;
        const key = `${connection} ${iq.attrs['id']}`;
        const common = { asked: place, connection, answered: undefined };
        const of = iq.attrs['xmlns'] === 'privacy' ? 'privacy' : 'disappearing_mode';
        const [[name, value] = []] = namedIn(iq);
        if (iq.attrs['type'] === 'get') pending.set(key, add(reads, { of, ...common, values: undefined }));
        else if (name !== undefined && value !== undefined && isCategory(name)) {
          const set = { ...common, category: name, value, changed: undefined, reply: undefined };
          pending.set(key, add<SetSeen>(sets, set));
        }
        break;
      }
      case 'changed': {
        const { category, value, device } = event;
        if (!isCategory(category)) break;
        if (device === 0) others.push({ at: place, category });
        const due = sets.find(
          set => set.category === category && set.value === value && set.changed === undefined,
        );
        if (device !== 0 && due) due.changed = place;
        break;
      }
      case 'answered': {
        const { connection, reply } = event;
        const question = pending.get(`${connection} ${reply.attrs['id']}`);
        if (!question) break;
        question.answered = place;
        if ('reply' in question) question.reply = judged(reply, question);
        else question.values = valuesIn(reply);
        break;
      }
    }
  });

  return {
    events,
    before,
    sets,
    reads,
    others,
    valueAt: (category, place) =>
      events.slice(0, place).reduce<string | undefined>((value, event) => {
        const isIts = event.event === 'changed' && event.category === category;
        return isIts ? event.value : value;
      }, before[category]),
  };
}

/** The reads that brought anything of the kind that a category is. */
const readsOf = ({ reads }: Timeline, category: Category): ReadSeen[] =>
  reads.filter(
    ({ of, values }) =>
      values !== undefined && (of === 'disappearing_mode') === (category === 'disappearing_mode'),
  );
export const wasRead = (timeline: Timeline, category: Category): boolean =>
  readsOf(timeline, category).length > 0;

/**
 * Whether the last read that brought anything named no value of a category, or an error; or the one before it, as the last
 * may have come when nobody waited for it any more.
 */
export const isUntoldLast = (timeline: Timeline, category: Category): boolean =>
  readsOf(timeline, category)
    .slice(-2)
    .some(({ values }) => values?.[category] === undefined);

function add<T>(list: T[], entry: T): T {
  list.push(entry);
  return entry;
}

const childrenOf = ({ content }: Node, tag: string): Node[] =>
  Array.isArray(content) ? content.filter(child => child.tag === tag) : [];
const categoriesIn = (iq: Node): Node[] =>
  childrenOf(iq, 'privacy').flatMap(privacy => childrenOf(privacy, 'category'));
/** What an IQ names, with the value. */
const namedIn = (iq: Node): (readonly [name: string | undefined, value: string | undefined])[] => [
  ...categoriesIn(iq).map(({ attrs }) => [attrs['name'], attrs['value']] as const),
  ...childrenOf(iq, 'disappearing_mode').map(({ tag, attrs }) => [tag, attrs['duration']] as const),
];

/** A category error below 500, or an error stanza with such a code, says that nothing was changed. */
function judged(reply: Node, { category, value }: SetSeen): SetSeen['reply'] {
  const [outcome, ...more] = categoriesIn(reply);
  const errors = [reply, ...(outcome ? [outcome] : [])].flatMap(part => childrenOf(part, 'error'));
  const code = Number(errors[0]?.attrs['code'] ?? Number.NaN);
  if (errors.length > 0 || reply.attrs['type'] === 'error') return code < 500 ? 'refused' : 'nothing';
  // The reply to a set of the timer names nothing, and so proves nothing.
  const isIt = outcome?.attrs['name'] === category && outcome.attrs['value'] === value;
  return isIt && more.length === 0 ? 'confirmed' : 'nothing';
}

function valuesIn(reply: Node): Values | undefined {
  if (reply.attrs['type'] !== 'result') return undefined;
  const clear = [...Map.groupBy(namedIn(reply), ([name]) => name ?? '')].flatMap(([name, named]) => {
    const values = new Set(named.map(([, value]) => value));
    return isCategory(name) && values.size === 1 && !values.has('error') ? [[name, [...values][0]]] : [];
  });
  return clear.length > 0 ? Object.fromEntries(clear) : undefined;
}
