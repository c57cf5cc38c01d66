import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { beginLife, type Life } from './life.js';
import type { LeaseStore, NodeDescription } from './ports.js';

/** A node that was taken for dead tries so often to take part again. */
const AGAIN_MS = 1_000;

/** The lives of this process among the nodes, one after another. */
export type Stay = {
  /** The id of the present one, or of the last. */
  id(): string;
  /** The id while it may act; undefined while it must not. */
  self(): string | undefined;
  /** Joins the others, who reach it at this address. */
  begin(address: string): Promise<void>;
  /** Takes part no more; what it held is free. */
  end(): Promise<void>;
};

/** What is to be done as a life begins and ends. */
export type StayEvents = {
  readonly onBegun: () => void;
  /** At once: this process must not act any more. Fulfils when nothing is written here any more. */
  readonly onOver: () => Promise<void>;
};

/** A process that takes part again, as another node, whenever it was taken for dead. */
export function stayOf(
  leases: Pick<LeaseStore, 'join' | 'renew' | 'leave'>,
  node: Omit<NodeDescription, 'id' | 'address'>,
  { onBegun, onOver }: StayEvents,
): Stay {
  let life: Life | undefined;
  let isEnded = false;

  async function join(address: string): Promise<void> {
    const begun = await beginLife(leases, { ...node, address, id: randomUUID() });
    life = begun;
    begun.over.addEventListener('abort', () => void joinAgain(address));
    onBegun();
  }

  async function joinAgain(address: string): Promise<void> {
    if (isEnded) return;
    await onOver();
    while (!isEnded) {
      try {
        await leases.leave();
        return await join(address);
      } catch {
        await pause(AGAIN_MS);
      }
    }
  }

  return {
    id: () => life?.id ?? '',
    self: () => (life?.isOn() ? life.id : undefined),
    begin: join,
    async end() {
      isEnded = true;
      life?.end();
      await leases.leave();
    },
  };
}
