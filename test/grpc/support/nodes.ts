import { sharedNodes } from '../../../src/cluster/nodes.js';
import type { KnownNode, Lease, Nodes } from '../../../src/cluster/ports.js';

/** The one node that `nodesWith` has. */
const NODE: KnownNode = {
  id: 'this',
  name: 'desk',
  address: '127.0.0.1:1',
  version: '1.2.3',
  mostInstances: undefined,
  startTime: new Date(0),
  isDraining: false,
  leftMs: 10_000,
};

/** A node that shares these instances with nobody else, and can be told to drain. */
export const nodesWith = (leases: readonly Lease[] = []): Nodes =>
  sharedNodes(
    {
      nodes: async () => [NODE],
      loads: async () => new Map([[NODE.id, leases.length]]),
      leasesAfter: async (after, most) => leases.filter(({ instance }) => instance > after).slice(0, most),
      setDraining: async id => id === NODE.id,
    },
    { others: () => [] },
    () => NODE,
  );
