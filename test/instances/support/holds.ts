import type { HoldStore, SharedHold } from '../../../src/domain/nodes/shared.js';

/** What holds the dials of several nodes, in memory and on a clock that the test sets; may be away. */
export function sharedHolds(clock: { readonly now: number }) {
  const rows = new Map<SharedHold['kind'], SharedHold & { until: number }>();
  const listeners = new Set<() => void>();
  const state = { isAway: false };
  const asked = () => {
    if (state.isAway) throw new Error('The database is away');
  };
  function tell() {
    for (const listener of listeners) listener();
  }
  const isOver = (kind: SharedHold['kind']) => (rows.get(kind)?.until ?? 0) <= clock.now;

  const store: HoldStore = {
    async load() {
      asked();
      return [...rows.values()].map(({ until, ...hold }) => ({ ...hold, leftMs: until - clock.now }));
    },
    async save(hold) {
      asked();
      if (!isOver(hold.kind)) return;
      rows.set(hold.kind, { ...hold, until: clock.now + hold.leftMs });
      tell();
    },
    async probe(everyMs) {
      asked();
      const row = rows.get('until_accepted');
      if (!row || !isOver(row.kind)) return false;
      row.until = clock.now + everyMs;
      tell();
      return true;
    },
    async probeSoon() {
      asked();
      const row = rows.get('until_accepted');
      if (row) row.until = clock.now;
      tell();
    },
    async accepted() {
      asked();
      if (rows.delete('until_accepted')) tell();
    },
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  return { store, state, tell };
}
