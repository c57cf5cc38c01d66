import { setTimeout as pause } from 'node:timers/promises';
import { clock } from '../domain/time/clock.js';
import { moveOf } from './claims.js';
import type { LeaseTable } from './lease-table.js';
import type { Holder, Lease, LeaseStore, Routing } from './ports.js';

/** Others take what is free within this time; else it is taken beyond this node's share. */
const PATIENCE_MS = 5_000;
/** How often it is asked what has become of an instance that nobody runs. */
const ASK_MS = 1_000;

const NOBODY: Holder = { kind: 'nobody' };

/** What the routing of a node goes by. */
export type RoutingParts = {
  readonly table: LeaseTable;
  readonly leases: Pick<LeaseStore, 'held' | 'leaseOf'>;
  /** Its id at present. */
  readonly self: () => string;
  /** Whether it runs here. */
  readonly isRun: (instance: string) => boolean;
  /** Takes it here, if it is still free. */
  readonly takeOne: (instance: string) => Promise<void>;
};

/** Finds the node of an instance, in the table or in the database. */
export function routing({ table, leases, self, isRun, takeOne }: RoutingParts): Routing {
  function holderOf(instance: string): Holder {
    const epoch = leases.held().get(instance);
    if (epoch !== undefined && isRun(instance)) return { kind: 'here', epoch };
    const lease = table.leaseOf(instance);
    const node = lease?.node === undefined ? undefined : table.nodeOf(lease.node);
    if (!lease || !node || node.id === self()) return NOBODY;
    return { kind: 'elsewhere', node: addressOf(node), epoch: lease.epoch };
  }

  /** Calls that ask for the same instance at the same time ask once. */
  const asking = new Map<string, Promise<Lease | undefined>>();
  function ask(instance: string): Promise<Lease | undefined> {
    const asked = asking.get(instance) ?? leases.leaseOf(instance).finally(() => asking.delete(instance));
    asking.set(instance, asked);
    return asked;
  }

  /** Whether the table was changed within some time, which is waited for. */
  async function isChanged(signal: AbortSignal): Promise<boolean> {
    const changed = new AbortController();
    using _ = table.onChange(() => changed.abort());
    await pause(ASK_MS, undefined, { signal: AbortSignal.any([signal, changed.signal]) }).catch(
      () => undefined,
    );
    return changed.signal.aborted;
  }

  function note(instance: string, lease: Lease | undefined): void {
    if (lease) table.set([lease]);
    else table.forget(instance);
  }

  return {
    holderOf,

    async settledHolderOf(instance, signal) {
      const begunAt = clock();
      for (let isAsked = true; ; ) {
        if (isAsked) note(instance, await ask(instance));
        const lease = table.leaseOf(instance);
        const holder = holderOf(instance);
        if (!lease || holder.kind !== 'nobody' || signal.aborted) return holder;
        if (lease.node === undefined) {
          const { take, spare } = moveOf(self(), table.sight());
          if (take > 0 || (spare > 0 && clock() - begunAt > PATIENCE_MS)) await takeOne(instance);
          if (isRun(instance)) continue;
        }
        isAsked = !(await isChanged(signal));
      }
    },

    others: () =>
      table
        .sight()
        .nodes.filter(({ id }) => id !== self())
        .map(addressOf),

    onChange: table.onChange,
  };
}

const addressOf = ({ id, name, address }: { id: string; name: string; address: string }) => ({
  id,
  name,
  address,
});
