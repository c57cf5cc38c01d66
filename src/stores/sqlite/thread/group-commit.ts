import type { Database, Statement } from 'better-sqlite3';
import type { Ran, Result, Step } from './protocol.ts';

/** What became of one transaction of a group. */
export type End = { readonly ran: Ran } | { readonly error: unknown };

/** Prepared statements that are kept; more only where callers make up new ones without end. */
const MOST_STATEMENTS = 500;

/** Runs transactions on a database, many in one commit. */
export function groupCommit(database: Database) {
  const prepared = new Map<string, Statement<unknown[], Record<string, unknown>>>();

  function statement(sql: string) {
    const known = prepared.get(sql);
    if (known) return known;
    const made = database.prepare<unknown[], Record<string, unknown>>(sql);
    const [oldest] = prepared.keys();
    if (oldest !== undefined && prepared.size >= MOST_STATEMENTS) prepared.delete(oldest);
    prepared.set(sql, made);
    return made;
  }

  function run({ sql, parameters }: Pick<Step, 'sql' | 'parameters'>): Result {
    const made = statement(sql);
    if (made.reader) return { rows: made.all(...parameters), changes: 0 };
    return { rows: [], changes: made.run(...parameters).changes };
  }

  const control = (sql: string) => void run({ sql, parameters: [] });

  function runAll(steps: readonly Step[]): Ran {
    let held = true;
    const wrote: boolean[] = [];
    const results: Result[] = [];
    for (const step of steps) {
      if (!held && step.expected === undefined) continue;
      const result = run(step);
      results.push(result);
      if (step.expected === undefined) continue;
      const isThere = result.rows.length + result.changes > 0;
      wrote.push(isThere);
      held &&= isThere === step.expected;
    }
    return { held, wrote, results };
  }

  /** One transaction within the commit: what fails in it takes back nothing else. */
  function within(steps: readonly Step[]): End {
    const [only] = steps;
    const isOne = steps.length === 1 && only?.expected === undefined; // SQLite takes back a statement by itself.
    try {
      if (!isOne) control('SAVEPOINT work');
      const ran = runAll(steps);
      if (!isOne && !ran.held) control('ROLLBACK TO work');
      if (!isOne) control('RELEASE work');
      return { ran };
    } catch (error) {
      if (!database.inTransaction) throw error; // SQLite has given up all of it, as it does on a full disk.
      if (!isOne) {
        control('ROLLBACK TO work');
        control('RELEASE work');
      }
      return { error };
    }
  }

  /**
   * Runs transactions in their order and commits them together; where that cannot be, each alone, so that none fails for
   * another.
   */
  function commit(group: readonly (readonly Step[])[]): End[] {
    if (database.inTransaction) return group.map(within); // One that `alone` has begun.
    try {
      control('BEGIN');
      const ends = group.map(within);
      control('COMMIT');
      return ends;
    } catch (error) {
      if (database.inTransaction) control('ROLLBACK');
      return group.length === 1 ? [{ error }] : group.flatMap(steps => commit([steps]));
    }
  }

  return {
    commit,

    /** Whether nothing has to be committed. */
    reads: (steps: readonly Step[]): boolean => steps.every(({ sql }) => statement(sql).readonly),

    read: runAll,

    /** Runs one statement in no transaction. What it changes of the tables no prepared statement knows of. */
    alone(sql: string): Result {
      prepared.clear();
      return run({ sql, parameters: [] });
    },
  };
}
