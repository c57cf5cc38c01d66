import { clock } from '../domain/time/clock.js';
import { givenAway, moveOf, type Sight } from './claims.js';
import type { Holding } from './holding.js';
import type { LeaseTable } from './lease-table.js';
import type { ClusterLog, Lease, LeaseStore, NodeInstances } from './ports.js';

/** How often a node looks who takes part and who runs what, besides when there is news of it. */
export const LOOK_MS = 2_500;

/** What a look goes by. */
export type LookParts = {
  readonly leases: LeaseStore;
  readonly table: LeaseTable;
  readonly instances: NodeInstances;
  readonly holding: Holding;
  readonly log: ClusterLog;
  /** The id of this node; undefined while it does not take part. */
  readonly self: () => string | undefined;
  /** It is about to leave, whatever the table says of it. */
  readonly isLeaving: () => boolean;
};

/** Looks who takes part and who runs what, and does what follows from it here. Never rejects. */
export function looking(parts: LookParts): () => Promise<void> {
  const { leases, table, instances, holding, log, self, isLeaving } = parts;
  let gaveAt = Number.NEGATIVE_INFINITY;
  /** The answer to a claim may have been lost: the store knows what was taken. */
  let isUnsure = false;
  let hasFailed = false;

  async function see(): Promise<Sight> {
    await leases.buryDead();
    const sight = { nodes: await leases.nodes(), leases: await leases.leases() };
    table.replace(sight);
    return sight;
  }

  /** Of those that run here: another node has them, or none. */
  function lost(me: string, sight: Sight): string[] {
    const held = leases.held();
    const seen = new Map(sight.leases.map(lease => [lease.instance, lease]));
    return instances
      .running()
      .map(({ name }) => name)
      .filter(name => {
        const [epoch, lease] = [held.get(name), seen.get(name)];
        // What was taken after the table was read has a newer epoch than is in it.
        return epoch === undefined || (lease && lease.epoch >= epoch && isOther(lease, me, epoch));
      });
  }

  async function take(most: number): Promise<void> {
    if (most === 0 && !isUnsure) return;
    isUnsure = true;
    const taken = await leases.claim(most);
    isUnsure = false;
    if (taken.length === 0) return;
    table.set(taken);
    log.instancesMoved({ count: taken.length, how: 'taken' });
    await holding.run(taken);
  }

  function give(many: number, isAll: boolean): void {
    const running = instances.running();
    if (!isAll && clock() - gaveAt < LOOK_MS) return;
    const names = isAll ? running.map(({ name }) => name) : givenAway(running, many - holding.leaving());
    if (names.length === 0) return;
    gaveAt = clock();
    log.instancesMoved({ count: names.length, how: 'given away' });
    holding.giveAway(names).catch(failed);
  }

  function failed(cause: unknown): void {
    // As long as the database cannot be reached it is the same again and again.
    if (!hasFailed) log.taskFailed({ task: 'sharing the instances with other nodes', cause });
    hasFailed = true;
    isUnsure = true;
  }

  return async () => {
    try {
      const sight = await see();
      const me = self();
      if (me === undefined) return;
      const gone = lost(me, sight);
      if (gone.length > 0) {
        log.instancesMoved({ count: gone.length, how: 'lost' });
        await holding.lose(gone);
      }
      await holding.runAgain();
      const move = moveOf(me, sight);
      if (!isLeaving()) await take(move.take);
      const isDraining = sight.nodes.some(({ id, isDraining }) => id === me && isDraining);
      if (move.give > 0 && !isLeaving()) give(move.give, isDraining);
      hasFailed = false;
    } catch (cause) {
      failed(cause);
    }
  };
}

const isOther = ({ node, epoch }: Lease, me: string, held: number) => node !== me || epoch !== held;
