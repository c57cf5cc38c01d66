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
 * @param list Reads them.
 * @param filter Which of them, asked when each is told: an instance may have left since it was read.
 */
export function historyFeed(
  list: (id: number, limit: number) => ReturnType<ChangeLog['listAfter']>,
  filter: () => ChangeFilter,
  startAfter: number,
  onGrowth: ChangeLog['onGrowth'],
): HistoryFeed {
  let page: ChangeRecord[] = [];
  let position = startAfter;
  let mayHaveMore = true;

  async function read() {
    mayHaveMore = false; // Before the read: what is written during it may not be in it.
    const { changes: found, lookedAt, more } = await list(position, PAGE);
    page = found;
    position = lookedAt;
    mayHaveMore ||= more;
  }

  return {
    async next() {
      for (;;) {
        if (page.length === 0 && mayHaveMore) await read();
        const entry = page.shift();
        if (entry ? isAboutThese(filter(), entry) : !mayHaveMore) return entry;
      }
    },
    mayHaveNext: () => page.length > 0 || mayHaveMore,
    onGrowth: grown =>
      onGrowth(() => {
        mayHaveMore = true;
        grown();
      }),
  };
}

const isAboutThese = ({ instances, instanceUids }: ChangeFilter, { instance, instanceUid }: ChangeRecord) =>
  (instances?.includes(instance) ?? true) && (instanceUids?.includes(instanceUid ?? '') ?? true);
