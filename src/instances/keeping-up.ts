import type { ChangeKind, ChangeLog } from './ports/history.js';
import type { InstanceRecord, InstanceStore } from './ports/store.js';

/** The entries about what decides which instances there are, and what selects them. */
const KINDS: readonly ChangeKind[] = ['INSTANCE_CREATED', 'INSTANCE_UPDATED', 'INSTANCE_DELETED'];
/** Entries that are read at once. */
const PAGE = 200;

/**
 * Keeps up with what other nodes do with instances. Every such change has an entry in the history, in the same commit: who
 * has read that far knows all instances as they were then, or later.
 *
 * @param from Up to this entry all is known.
 * @returns Fulfils when all is known that was written until now.
 */
export function keepingUp(
  changes: Pick<ChangeLog, 'listAfter'>,
  store: Pick<InstanceStore, 'find'>,
  know: (records: readonly InstanceRecord[], gone: readonly string[]) => void,
  from: number,
): () => Promise<void> {
  let position = from;
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function catchUp() {
    for (let hasMore = true; hasMore; ) {
      const { changes: entries, lookedAt, more } = await changes.listAfter({ kinds: KINDS }, position, PAGE);
      const names = [...new Set(entries.map(({ instance }) => instance))];
      if (names.length > 0) {
        const records = await store.find(names);
        const present = new Set(records.map(({ name }) => name));
        know(
          records,
          names.filter(name => !present.has(name)),
        );
      }
      position = lookedAt;
      hasMore = more;
    }
  }

  return () => {
    // Whoever asks while one runs may ask for what it has passed already: one more is for all who do.
    next ??= last
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        last = catchUp();
        return last;
      });
    return next;
  };
}
