import type { ChangeFilter, ChangeLog, ChangeRecord } from '../ports/history.js';

/** Read from the store at once; a reader holds no more than these. */
const PAGE = 100;

/** The history from one entry on, as one reader takes it: nothing waits in memory for who is slow. */
export type HistoryFeed = Pick<ChangeLog, 'onGrowth'> & {
  /** The next entry; undefined when there is none yet. */
  next(): Promise<ChangeRecord | undefined>;
  /** Whether `next` may bring one without further growth. */
  mayHaveNext(): boolean;
};

/**
 * The entries behind an id, one after another.
 *
 * @param filter Which of them, when they are read.
 */
export function historyFeed(
  changes: Pick<ChangeLog, 'listAfter' | 'onGrowth'>,
  filter: () => ChangeFilter,
  startAfter: number,
): HistoryFeed {
  let page: ChangeRecord[] = [];
  let position = startAfter;
  let mayHaveMore = true;
  return {
    async next() {
      while (page.length === 0 && mayHaveMore) {
        mayHaveMore = false; // Before the read: what is written during it may not be in it.
        const { changes: found, lookedAt, more } = await changes.listAfter(filter(), position, PAGE);
        page = found;
        position = lookedAt;
        mayHaveMore ||= more;
      }
      return page.shift();
    },
    mayHaveNext: () => page.length > 0 || mayHaveMore,
    onGrowth: grown =>
      changes.onGrowth(() => {
        mayHaveMore = true;
        grown();
      }),
  };
}
