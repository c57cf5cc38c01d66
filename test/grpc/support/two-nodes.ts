import { onTestFinished } from 'vitest';
import type { Holder, HopLog, NodeAddress, Routing } from '../../../src/cluster/ports.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import type { NodeOptions } from '../../../src/grpc/hops/node-options.js';
import { type Api, openApi } from './api.js';

export const HOP_KEY = Buffer.alloc(32, 'key of all nodes');

/** Who runs which instance, as the tests say; the epoch grows with each. */
export function leases() {
  const held = new Map<string, { readonly node: NodeAddress; readonly epoch: number }>();
  const addresses: NodeAddress[] = [];
  let epoch = 0;
  const listeners = new Set<() => void>();

  return {
    addresses,
    /** @param node Undefined for nobody. */
    give(instance: string, node: NodeAddress | undefined) {
      if (node) held.set(instance, { node, epoch: ++epoch });
      else held.delete(instance);
      for (const listener of listeners) listener();
    },
    routingOf(selfId: string): Routing {
      const holderOf = (instance: string): Holder => {
        const lease = held.get(instance);
        if (!lease) return { kind: 'nobody' };
        if (lease.node.id === selfId) return { kind: 'here', epoch: lease.epoch };
        return { kind: 'elsewhere', ...lease };
      };
      return {
        holderOf,
        async settledHolderOf(instance, signal) {
          while (holderOf(instance).kind === 'nobody' && !signal.aborted)
            await new Promise(resolve => setTimeout(resolve, 10));
          return holderOf(instance);
        },
        others: () => addresses.filter(({ id }) => id !== selfId),
        onChange(listener) {
          listeners.add(listener);
          return { [Symbol.dispose]: () => listeners.delete(listener) };
        },
      };
    },
  };
}

/** The log that the nodes of a test share. */
export function hopLogInMemory(): HopLog & { readonly rows: ReadonlyMap<string, 'begun' | 'forbidden'> } {
  const rows = new Map<string, 'begun' | 'forbidden'>();
  return {
    rows,
    async begin({ id, instance }) {
      if (rows.has(id)) throw new PrivacyError({ kind: 'INSTANCE_MOVED', instance, retryAfterMs: 1 });
      rows.set(id, 'begun');
    },
    async forbid(id) {
      if (rows.has(id)) return false;
      rows.set(id, 'forbidden');
      return true;
    },
    prune: async () => 0,
  };
}

/** `routing` is its own, for a test to change. */
export type TestNode = Api & { readonly node: NodeAddress; readonly routing: Routing };

type Options = Partial<Pick<NodeOptions, 'hopKey' | 'tls' | 'lookUp'>>;

/** Several nodes with the same tokens and the instance `desk`, which nobody runs; closed when the test ends. */
export async function openNodes(count = 2, options: Options = {}) {
  const registry = leases();
  const hopLog = hopLogInMemory();
  const nodes: TestNode[] = [];
  for (let index = 0; index < count; index++) {
    const id = `node-${index}`;
    const routing = registry.routingOf(id);
    const cluster: NodeOptions = {
      selfId: () => id,
      routing,
      hopLog,
      hopKey: HOP_KEY,
      lookUp: async () => undefined,
      tls: undefined,
      ...options,
    };
    const [first] = nodes;
    const shared = first && {
      tokens: first.tokens,
      requestLog: first.store.requests,
      applyLog: first.store.applies,
    };
    const api = await openApi({ cluster, pageTokenKey: HOP_KEY, ...shared });
    onTestFinished(api.close);
    const { port } = await api.server.listenToNodes('127.0.0.1:0');
    const node = { id, name: id, address: `localhost:${port}` };
    registry.addresses.push(node);
    await api.instances.create({ name: 'desk', displayName: '' }, {});
    nodes.push({
      ...api,
      secret: first?.secret ?? api.secret,
      tokenId: first?.tokenId ?? api.tokenId,
      node,
      routing,
    });
  }
  return { nodes: nodes as [TestNode, TestNode, ...TestNode[]], ...registry, hopLog };
}
