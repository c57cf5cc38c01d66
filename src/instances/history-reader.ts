import { PrivacyError, type Violation } from '../domain/errors.js';
import type { Selector } from '../domain/labels/selector.js';
import type { Instances } from './instances.js';
import type { ChangeFilter, ChangeLog, HistoryQuery } from './ports/history.js';
import type { Selection } from './ports/orders.js';
import type { InstanceRecord } from './ports/store.js';
import { type HistoryFeed, historyFeed } from './watching/history-feed.js';

/** How callers read the history. */
export type HistoryReader = Pick<Instances, 'listChanges'> & {
  /**
   * The entries behind this id, for who watches.
   *
   * @throws PrivacyError INVALID_REQUEST when there is no such id yet
   */
  feed(query: HistoryQuery, startAfter: number): Promise<HistoryFeed>;
};

/**
 * @param matching Those of all instances that are selected.
 * @param caughtUp Fulfils when `matching` knows of all that was written until now.
 */
export function historyReader(
  matching: (selector: Selector) => readonly Pick<InstanceRecord, 'name' | 'uid'>[],
  changes: ChangeLog,
  caughtUp: () => Promise<unknown>,
): HistoryReader {
  /** Those that there are now; one that was deleted ends no watch. */
  function presentOf({ names, selector }: Selection) {
    const wanted = new Set(names);
    return matching(selector).filter(({ name }) => wanted.size === 0 || wanted.has(name));
  }

  /** What the caller may read now: labels may change, and with them what they select. */
  function filterOf(
    { selection, isAccount, ...filter }: HistoryQuery,
    isSame = (_uid: string) => true,
  ): ChangeFilter {
    const { names } = selection;
    if (!asksMemory({ selection, isAccount }))
      return { ...filter, instances: names.length > 0 ? names : undefined };
    const present = presentOf(selection).filter(({ uid }) => isSame(uid));
    const [one, ...others] = present;
    return {
      ...filter,
      instances: one && others.length === 0 ? [one.name] : undefined, // By which an index finds them.
      instanceUids: present.map(({ uid }) => uid),
    };
  }

  /** Those that had the names when the watch began: what is given one of them later is another instance. */
  function namedNow({ names }: Selection): (uid: string) => boolean {
    const uids = new Set(presentOf({ names, selector: [] }).map(({ uid }) => uid));
    return uid => names.length === 0 || uids.has(uid);
  }

  /** Whom an entry is about memory may not know yet: it is judged once it does, and later ones are left for later. */
  async function listAfter(query: HistoryQuery, filter: () => ChangeFilter, id: number, limit: number) {
    const newest = await changes.newestId();
    if (asksMemory(query)) await caughtUp();
    return changes.listAfter(filter(), id, limit, newest);
  }

  async function refuseGhosts({ selection: { names }, isAccount }: HistoryQuery) {
    const present = new Set(names.length > 0 ? matching([]).map(({ name }) => name) : []);
    for (const instance of names)
      if (!present.has(instance) && !(isAccount && (await changes.knows(instance))))
        throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance });
  }

  /** A consumer whose position was never given out follows another history, and would miss what comes until then. */
  async function refuseUnknown(startAfter: number) {
    if (startAfter <= (await changes.newestId())) return;
    throw invalid({
      field: 'start_after',
      reason: 'OUT_OF_RANGE',
      description: 'start_after must not be beyond the newest id',
    });
  }

  return {
    async listChanges(query, { startAfter, after, limit }) {
      await refuseGhosts(query);
      const filter = () => filterOf(query);
      if (startAfter === undefined) return changes.list(filter(), { after, limit });

      await refuseUnknown(startAfter);
      const from = after === undefined ? startAfter : Number(after);
      const { changes: page, lookedAt, more } = await listAfter(query, filter, from, limit);
      return { changes: page, next: more ? String(lookedAt) : undefined };
    },

    async feed(query, startAfter) {
      const isSame = namedNow(query.selection);
      await refuseUnknown(startAfter);
      const filter = () => filterOf(query, isSame);
      return historyFeed(
        (...page) => listAfter(query, filter, ...page),
        filter,
        startAfter,
        changes.onGrowth,
      );
    },
  };
}

/** Whether it takes more than names to tell whom an entry must be about. */
const asksMemory = ({ selection, isAccount }: Pick<HistoryQuery, 'selection' | 'isAccount'>): boolean =>
  !isAccount || selection.selector.length > 0;

const invalid = (violation: Violation) =>
  new PrivacyError({ kind: 'INVALID_REQUEST', violations: [violation] });
