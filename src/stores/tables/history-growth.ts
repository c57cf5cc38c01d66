import type { Compilable } from 'kysely';

/** Tells who reads the history on that it has grown. */
export type HistoryGrowth = {
  /** Takes note of a statement that adds an entry when it is run. */
  adding<Statement extends Compilable>(statement: Statement): Statement;
  /** To be called after each commit, with its statements. */
  committed(statements: readonly Compilable[]): void;
  /** Calls back after each commit that added entries, until it is disposed of. */
  onGrowth(grown: () => void): Disposable;
};

/** For the one process that writes. An engine that several share has to tell the others too. */
export function historyGrowth(): HistoryGrowth {
  const additions = new WeakSet<Compilable>();
  const listeners = new Set<() => void>();
  return {
    adding(statement) {
      additions.add(statement);
      return statement;
    },
    committed(statements) {
      if (!statements.some(statement => additions.has(statement))) return;
      for (const grown of listeners) grown();
    },
    onGrowth(grown) {
      const listener = () => grown();
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
