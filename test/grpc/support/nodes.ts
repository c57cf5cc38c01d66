import { sharedNodes } from '../../../src/cluster/nodes.js';
import type { Lease, Nodes } from '../../../src/cluster/ports.js';

/** One node that knows of no other, where these instances are shared out; nobody can be told to drain. */
export const nodesWith = (leases: readonly Lease[] = []): Nodes =>
  sharedNodes(
    {
      nodes: async () => [],
      loads: async () => new Map(),
      leasesAfter: async (after, most) => leases.filter(({ instance }) => instance > after).slice(0, most),
      setDraining: async () => false,
    },
    { others: () => [] },
    () => ({ id: 'this', name: 'this' }),
  );
