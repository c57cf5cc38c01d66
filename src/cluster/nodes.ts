import { PrivacyError } from '../domain/errors.js';
import type { LeaseStore, NodeDescription, NodeStatus, Nodes, Routing } from './ports.js';

/** The nodes as the database knows them: what one of them thinks may be some seconds old. */
export function sharedNodes(
  leases: Pick<LeaseStore, 'nodes' | 'loads' | 'leasesAfter' | 'setDraining'>,
  routing: Pick<Routing, 'others'>,
  self: () => Pick<NodeDescription, 'id' | 'name'>,
): Nodes {
  async function list() {
    const [known, loads] = await Promise.all([leases.nodes(), leases.loads()]);
    const nodes = known.map(node => ({ ...node, instances: loads.get(node.id) ?? 0 }));
    return { nodes, freeInstances: loads.get(undefined) ?? 0 };
  }

  return {
    self,
    count: () => routing.others().length + 1,
    list,
    leasesAfter: leases.leasesAfter,
    async setDraining(id, isDraining) {
      const isThere = await leases.setDraining(id, isDraining);
      const node = isThere && (await list()).nodes.find(known => known.id === id);
      if (!node) throw new PrivacyError({ kind: 'NODE_NOT_FOUND', nodeId: id });
      return node;
    },
  };
}

/** A process that has its data alone. */
export function singleNode(
  process: Pick<NodeStatus, 'name' | 'version' | 'startTime'>,
  instances: () => number,
): Nodes {
  const alone = () => Promise.reject(new PrivacyError({ kind: 'SINGLE_NODE' }));
  const node = {
    ...process,
    id: '',
    address: '',
    mostInstances: undefined,
    isDraining: false,
    leftMs: undefined,
  };
  return {
    self: () => ({ id: '', name: '' }),
    count: () => 1,
    list: async () => ({ nodes: [{ ...node, instances: instances() }], freeInstances: 0 }),
    leasesAfter: alone,
    setDraining: alone,
  };
}
