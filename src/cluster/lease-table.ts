import type { Sight } from './claims.js';
import type { KnownNode, Lease } from './ports.js';

/** Who takes part and who runs what, as this node read it last: it may be old. */
export type LeaseTable = {
  sight(): Sight;
  nodeOf(id: string): KnownNode | undefined;
  leaseOf(instance: string): Lease | undefined;
  /** All of it, as it was read. */
  replace(sight: Sight): void;
  /** What has become of some. */
  set(leases: readonly Lease[]): void;
  forget(instance: string): void;
  /** Calls back when it is another than before, until it is disposed of. */
  onChange(listener: () => void): Disposable;
};

/** An empty table. */
export function leaseTable(): LeaseTable {
  let nodes = new Map<string, KnownNode>();
  let leases = new Map<string, Lease>();
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const isKnown = (lease: Lease) => {
    const known = leases.get(lease.instance);
    return known?.node === lease.node && known?.epoch === lease.epoch;
  };

  return {
    sight: () => ({ nodes: [...nodes.values()], leases: [...leases.values()] }),
    nodeOf: id => nodes.get(id),
    leaseOf: instance => leases.get(instance),
    replace(sight) {
      const isSame =
        sight.nodes.length === nodes.size &&
        sight.leases.length === leases.size &&
        sight.nodes.every(({ id, isDraining }) => nodes.get(id)?.isDraining === isDraining) &&
        sight.leases.every(isKnown);
      nodes = new Map(sight.nodes.map(node => [node.id, node]));
      if (isSame) return;
      leases = new Map(sight.leases.map(lease => [lease.instance, lease]));
      changed();
    },
    set(some) {
      const news = some.filter(lease => !isKnown(lease));
      for (const lease of news) leases.set(lease.instance, lease);
      if (news.length > 0) changed();
    },
    forget(instance) {
      if (leases.delete(instance)) changed();
    },
    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
  };
}
