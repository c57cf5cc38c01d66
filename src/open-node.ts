import { openCluster } from './cluster/cluster.js';
import { sharedNodes } from './cluster/nodes.js';
import type { Cluster, Nodes } from './cluster/ports.js';
import type { Config } from './config/config.js';
import type { GrpcServerOptions } from './grpc/server/server.js';
import type { Registry } from './instances/registry.js';
import type { Events } from './observability/events.js';
import { version } from './package-json.js';
import type { Store } from './stores/store.js';

type Server = { listenToNodes(address: string): Promise<{ readonly port: number }> };

/** This process as one of several nodes. */
export type Node = Cluster & {
  readonly nodes: Nodes;
  /** What the API goes by. */
  forServer(registry: Pick<Registry, 'lookUp'>): NonNullable<GrpcServerOptions['cluster']>;
  /** Serves other nodes, and then takes part. */
  join(registry: Registry, server: Server): Promise<void>;
};

/** Undefined where this process has its data alone. */
export function openNode({ node }: Config, store: Store, events: Events): Node | undefined {
  const { shared } = store;
  if (!node || !shared) return undefined;
  const { name, mostInstances, listen, address, tls } = node;
  const cluster = openCluster({
    shared,
    store: store.instances,
    node: { name, version, mostInstances },
    log: events,
  });
  return {
    ...cluster,
    nodes: sharedNodes(shared.leases, cluster.routing, cluster.self),
    forServer: ({ lookUp }) => ({
      selfId: () => cluster.self().id,
      routing: cluster.routing,
      hopLog: shared.hops,
      hopKey: store.deriveKey('hops'),
      lookUp,
      tls: tls && { cert: tls.cert, key: tls.key.reveal(), clientCa: tls.ca },
    }),
    async join(registry, server) {
      const { port } = await server.listenToNodes(addressText(listen));
      await cluster.start(registry, addressText(address ?? { host: listen.host, port }));
    },
  };
}

/** As it is listened on and dialled. */
export const addressText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
