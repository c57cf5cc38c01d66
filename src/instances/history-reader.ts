import { PrivacyError, type Violation } from '../domain/errors.js';
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

/** @param selected The instances that there are; INSTANCE_NOT_FOUND. */
export function historyReader(
  selected: (selection: Selection) => readonly Pick<InstanceRecord, 'name' | 'uid'>[],
  changes: ChangeLog,
): HistoryReader {
  /** What the caller may read now: labels may change, and with them what they select. */
  function filterOf({ selection, isAccount, ...filter }: HistoryQuery): ChangeFilter {
    const { names, selector } = selection;
    if (isAccount && selector.length === 0)
      return { ...filter, instances: names.length > 0 ? names : undefined };
    const present = selected(selection);
    return {
      ...filter,
      instances: present.map(({ name }) => name),
      instanceUids: present.map(({ uid }) => uid),
    };
  }

  async function refuseGhosts({ selection: { names } }: HistoryQuery) {
    for (const instance of names)
      if (!(await changes.knows(instance))) selected({ names: [instance], selector: [] });
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
      const filter = filterOf(query);
      if (startAfter === undefined) return changes.list(filter, { after, limit });

      await refuseUnknown(startAfter);
      const from = after === undefined ? startAfter : Number(after);
      const { changes: page, lookedAt, more } = await changes.listAfter(filter, from, limit);
      return { changes: page, next: more ? String(lookedAt) : undefined };
    },

    async feed(query, startAfter) {
      await refuseUnknown(startAfter);
      return historyFeed(changes, () => filterOf(query), startAfter);
    },
  };
}

const invalid = (violation: Violation) =>
  new PrivacyError({ kind: 'INVALID_REQUEST', violations: [violation] });
