import type { Compilable } from 'kysely';

/** Tells who reads the history on that it has grown. */
export type HistoryGrowth = {
  /** Takes note of a statement that adds an entry when it is run. */
  adding<Statement extends Compilable>(statement: Statement): Statement;
  /** To be called after each commit, with its statements. */
  committed(statements: readonly Compilable[]): void;
  /** It has grown, by another process. */
  grown(): void;
  /** Calls back after each commit that added entries, until it is disposed of. */
  onGrowth(grown: () => void): Disposable;
};

/** Of this process. An engine that several share tells the others, and `grown` of what they wrote. */
export function historyGrowth(): HistoryGrowth {
  const additions = new WeakSet<Compilable>();
  const listeners = new Set<() => void>();
  function grown() {
    for (const listener of listeners) listener();
  }
  return {
    grown,
    adding(statement) {
      additions.add(statement);
      return statement;
    },
    committed(statements) {
      if (!statements.some(statement => additions.has(statement))) return;
      grown();
    },
    onGrowth(hear) {
      const listener = () => hear();
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
