import pg from 'pg';
import { PrivacyError } from '../../../domain/errors.js';

/** What an instance is given that was lost to this node: by then another one has it, or is about to. */
const RETRY_MS = 1_000;

/** Keeps a node from writing what is another's by now. */
export type Fences = {
  /** The epochs under which this process holds instances, as far as it knows. */
  readonly held: Map<string, number>;
  /**
   * A query that tells those of these instances that it holds indeed, and keeps them from others until the transaction has
   * ended; throws INSTANCE_MOVED where it knows better already.
   */
  locking(instances: readonly string[]): string;
  /** Throws INSTANCE_MOVED for the first that is not among those which were told, and knows from now on. */
  check(instances: readonly string[], told: readonly Record<string, unknown>[]): void;
};

/** The fences of a node, which holds nothing at first. */
export function fences(node: string): Fences {
  const held = new Map<string, number>();

  function epochOf(instance: string): number {
    const epoch = held.get(instance);
    if (epoch === undefined) throw moved(instance);
    return epoch;
  }

  return {
    held,
    locking(instances) {
      const leases = instances.map(each => `(${pg.escapeLiteral(each)}, ${epochOf(each)})`);
      return `select instance from lease
        where node = ${pg.escapeLiteral(node)} and (instance, epoch) in (${leases.join()}) order by instance for share`;
    },
    check(instances, told) {
      const names = new Set(told.map(({ instance }) => instance));
      const lost = instances.filter(each => !names.has(each));
      for (const each of lost) held.delete(each);
      const [first] = lost;
      if (first !== undefined) throw moved(first);
    },
  };
}

const moved = (instance: string) =>
  new PrivacyError({ kind: 'INSTANCE_MOVED', instance, retryAfterMs: RETRY_MS });
