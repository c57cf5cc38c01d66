import pg from 'pg';
import type { Lease } from '../../../cluster/ports.js';
import { instanceMoved } from '../../../domain/errors.js';

/** Keeps a node from writing what is another's by now. */
export type Fences = {
  /** The id under which this process takes part. */
  self(): string;
  /** It takes part as another from now on, and holds nothing. */
  become(id: string): void;
  /** The epochs under which this process holds instances, as far as it knows. */
  readonly held: Map<string, number>;
  /** It holds these, which were taken under this id: nothing where it has another one by now. */
  take(id: string, leases: readonly Pick<Lease, 'instance' | 'epoch'>[]): void;
  /** For a transaction that writes of these instances; throws INSTANCE_MOVED where it knows better already. */
  around(instances: readonly string[]): Fence;
};

/** What a transaction asks before it writes. */
export type Fence = {
  /** Tells those of the instances that this process holds indeed, and keeps them from others until the transaction ends. */
  readonly query: string;
  /** Throws INSTANCE_MOVED for the first that is not among those which were told, and knows from now on. */
  check(told: readonly Record<string, unknown>[]): void;
};

/** The fences of a node, which holds nothing at first. */
export function fences(first: string): Fences {
  const held = new Map<string, number>();
  let self = first;

  function epochOf(instance: string): number {
    const epoch = held.get(instance);
    if (epoch === undefined) throw instanceMoved(instance);
    return epoch;
  }

  return {
    held,
    self: () => self,
    become(id) {
      self = id;
      held.clear();
    },
    take(id, leases) {
      if (id === self) for (const { instance, epoch } of leases) held.set(instance, epoch);
    },
    around(instances) {
      const leases = instances.map(each => [each, epochOf(each)] as const);
      const pairs = leases.map(([each, epoch]) => `(${pg.escapeLiteral(each)}, ${epoch})`);
      return {
        query: `select instance from lease
          where node = ${pg.escapeLiteral(self)} and (instance, epoch) in (${pairs.join()}) order by instance for share`,
        check(told) {
          const names = new Set(told.map(({ instance }) => instance));
          const lost = leases.filter(([each]) => !names.has(each));
          // It may have been taken again meanwhile.
          for (const [each, epoch] of lost) if (held.get(each) === epoch) held.delete(each);
          if (lost[0]) throw instanceMoved(lost[0][0]);
        },
      };
    },
  };
}
