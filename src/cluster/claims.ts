import type { InstanceState } from '../domain/instance.js';
import type { KnownNode, Lease } from './ports.js';

/** A node that is not alone takes so many at a look: others who start at the same time are to find some left. */
const MOST_TAKEN = 50;
/** It gives away so many at a look that have to log in again elsewhere, and so many in all. */
const MOST_LOGINS = 10;
const MOST_GIVEN = 100;

/** Who takes part and who runs what, as it was read. */
export type Sight = { readonly nodes: readonly KnownNode[]; readonly leases: readonly Lease[] };

/** What a node is to do about its share. */
export type Move = {
  /** Free instances that it takes, at most. */
  readonly take: number;
  /** Instances that it gives away. */
  readonly give: number;
  /** Free instances that it could take beyond its share, where nobody else takes them. */
  readonly spare: number;
};

/**
 * What brings a node nearer to its share: as many instances as every other node that takes any, as far as none runs more
 * than it wants to. It gives nothing away that nobody has room for, or while others have enough to take.
 */
export function moveOf(me: string, { nodes, leases }: Sight): Move {
  const loads = new Map<string | undefined, number>();
  for (const { node } of leases) loads.set(node, loadOf(loads, node) + 1);
  const takers = nodes.filter(({ isDraining, leftMs }) => !isDraining && leftMs > 0);
  const self = takers.find(({ id }) => id === me);
  const load = loadOf(loads, me);
  if (!self) return { take: 0, give: load, spare: 0 };

  const level = levelOf(leases.length, takers.map(capOf));
  const roomOf = (node: KnownNode) => Math.max(0, Math.min(capOf(node), level) - loadOf(loads, node.id));
  const elsewhere = takers.reduce((sum, node) => sum + (node === self ? 0 : roomOf(node)), 0);
  const free = loadOf(loads, undefined);
  const take = Math.min(roomOf(self), free);
  return {
    take: elsewhere > 0 ? Math.min(take, MOST_TAKEN) : take,
    give: Math.max(0, Math.min(load - Math.min(capOf(self), level), elsewhere - free)),
    spare: Math.max(0, Math.min(capOf(self) - load, free)),
  };
}

const loadOf = (loads: ReadonlyMap<string | undefined, number>, node: string | undefined) =>
  loads.get(node) ?? 0;
const capOf = ({ mostInstances = Number.POSITIVE_INFINITY }: KnownNode) => mostInstances;

/** How many instances each node runs at most so that all are run, where nodes run no more than their caps. */
function levelOf(total: number, caps: readonly number[]): number {
  const ascending = caps.toSorted((a, b) => a - b);
  let left = total;
  for (const [index, cap] of ascending.entries()) {
    const even = Math.ceil(left / (ascending.length - index));
    if (even <= cap) return even;
    left -= cap;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Which instances are given away, as far as so many are: those first that need no login elsewhere. A link that is being
 * made stays.
 */
export function givenAway(
  running: readonly { readonly name: string; readonly state: InstanceState }[],
  many: number,
): string[] {
  const names = (isConnected: boolean) =>
    running
      .filter(({ state }) => state !== 'LINKING' && (state === 'CONNECTED') === isConnected)
      .map(({ name }) => name);
  const free = names(false).slice(0, Math.min(Math.max(many, 0), MOST_GIVEN));
  return [...free, ...names(true).slice(0, Math.min(Math.max(many - free.length, 0), MOST_LOGINS))];
}
