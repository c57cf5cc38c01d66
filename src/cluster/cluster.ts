import type { InstanceStore } from '../instances/ports/store.js';
import { directory } from './directory.js';
import { type Holding, holdingOf } from './holding.js';
import { leaseTable } from './lease-table.js';
import { LOOK_MS, looking } from './look.js';
import type { Cluster, ClusterLog, NodeDescription, NodeInstances, SharedStore, Standing } from './ports.js';
import { repeated } from './repeated.js';
import { routing } from './routing.js';
import { stayOf } from './stay.js';

/** What a node is made of. */
export type ClusterOptions = {
  readonly shared: Pick<SharedStore, 'leases' | 'newsroom'>;
  readonly store: Pick<InstanceStore, 'find' | 'list'>;
  readonly node: Omit<NodeDescription, 'id' | 'address'>;
  readonly log: ClusterLog;
};

/** This process as a node, which does not take part yet. */
export function openCluster({ shared, store, node, log }: ClusterOptions): Cluster {
  const { leases, newsroom } = shared;
  const table = leaseTable();
  let part: ReturnType<typeof partOf> | undefined;
  let isLeaving = false;

  const stay = stayOf(leases, node, {
    onBegun() {
      tell();
      part?.looks.soon();
    },
    async onOver() {
      tell();
      await part?.holding.loseAll();
    },
  });
  const mayAct = (instance: string) => stay.self() !== undefined && leases.held().has(instance);
  const standing = (): Standing => {
    const me = stay.self();
    if (me === undefined) return 'apart';
    return isLeaving || table.nodeOf(me)?.isDraining ? 'draining' : 'taking_part';
  };
  let told: Standing = 'apart';
  const listeners: (() => void)[] = [];
  /** Tells how it stands, where that has changed. */
  function tell() {
    const now = standing();
    if (now === told) return;
    told = now;
    log.nodeStanding({ id: stay.id(), standing: now });
    for (const listener of listeners) listener();
  }
  table.onChange(tell);

  /** What it does with its share. */
  function partOf(instances: NodeInstances) {
    const holding = holdingOf(leases, store, instances, mayAct);
    const look = looking({
      leases,
      table,
      instances,
      holding,
      log,
      self: stay.self,
      isLeaving: () => isLeaving,
    });
    const looks = repeated(LOOK_MS, look);
    const listening = newsroom.onNews(({ about }) => {
      if (about === 'leases' || about === 'nodes' || about === 'anything') looks.soon();
    });
    return { instances, holding, look, looks, listening, known: directory(store, newsroom, instances, log) };
  }

  async function takeOne(instance: string, { isEnding, run }: Holding): Promise<void> {
    if (isLeaving || stay.self() === undefined || isEnding(instance)) return;
    const lease = await leases.claimOne(instance);
    if (!lease) return;
    table.set([lease]);
    log.instancesMoved({ count: 1, how: 'taken' });
    await run([lease]);
  }

  return {
    self: () => ({ id: stay.id(), name: node.name }),
    readiness: {
      isReady: () => standing() === 'taking_part',
      onChange: listener => void listeners.push(listener),
    },
    membership: { mayAct },
    routing: routing({
      table,
      leases,
      self: stay.id,
      isRun: instance => part?.holding.isRun(instance) ?? false,
      takeOne: async instance => part && takeOne(instance, part.holding),
    }),

    async start(instances, address) {
      await stay.begin(address);
      part = partOf(instances);
      await part.known.start();
      await part.look();
      part.looks.begin();
    },

    async drain() {
      isLeaving = true;
      tell();
      const names = part?.instances.running().map(({ name }) => name) ?? [];
      await Promise.all([leases.setDraining(stay.id(), true), part?.holding.giveAway(names)]);
    },

    async stop() {
      isLeaving = true;
      part?.listening[Symbol.dispose]();
      await Promise.all([part?.looks.stop(), part?.known.stop()]);
      await stay.end();
    },
  };
}
