import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../stage/fleet.js';
import { TELLS_HEAP } from '../stage/processes.js';
import type { Stage } from '../stage/stage.js';
import { type Contender, contenders, stopAll } from './contenders.js';

/**
 * What each further account costs a process, by round: above what it takes with a single one, for which everything is
 * loaded that an account needs.
 */
export type Cost = Record<
  'connectMs' | 'loginCpuMs' | 'rssKbEach' | 'heapKbEach' | 'idleCpuPercent',
  number[]
>;
export const noCost = (): Cost => ({
  connectMs: [],
  loginCpuMs: [],
  rssKbEach: [],
  heapKbEach: [],
  idleCpuPercent: [],
});

/** A process with one account. */
export type Base = { readonly rss: number; readonly cpuSeconds: number; readonly heap: number | undefined };
export type Bases = { readonly service: Base; readonly peers: readonly Contender<Base | undefined>[] };

const SETTLE_MS = 2_000;
export const settled = (): Promise<void> => sleep(SETTLE_MS);

/** The service and all peers, each with one account. */
export async function measureBases(stage: Stage): Promise<Bases> {
  const service = await stage.service(1, TELLS_HEAP);
  await service.connectMs;
  const peers = await contenders(stage, 1, () => undefined, TELLS_HEAP);
  await settled();
  const bases = {
    service: await baseOf(service),
    peers: await Promise.all(
      peers.map(async one => ({ ...one, measured: one.peer && (await baseOf(one.peer)) })),
    ),
  };
  await stopAll(peers);
  await service.stop();
  return bases;
}

const baseOf = async ({ process }: Fleet): Promise<Base> => ({
  cpuSeconds: process.cpuSeconds(),
  rss: process.rss(), // Before the heap, for which all garbage is collected.
  heap: await process.liveHeap(),
});

/** Adds what a fleet cost that has just connected. */
export async function addConnecting(cost: Cost, { process, connectMs }: Fleet, size: number, base: Base) {
  cost.connectMs.push(await connectMs);
  cost.loginCpuMs.push(((process.cpuSeconds() - base.cpuSeconds) / (size - 1)) * 1000);
}

/** Adds the memory of a fleet, and collects its garbage. */
export async function addMemory(cost: Cost, { process }: Fleet, size: number, base: Base): Promise<void> {
  cost.rssKbEach.push((process.rss() - base.rss) / (size - 1) / 1000);
  const heap = await process.liveHeap();
  if (heap !== undefined && base.heap !== undefined)
    cost.heapKbEach.push((heap - base.heap) / (size - 1) / 1000);
}

/** How much of one processor each process takes meanwhile. */
export async function addIdle(forMs: number, fleets: readonly (readonly [Cost, Fleet])[]): Promise<void> {
  const before = fleets.map(([, { process }]) => process.cpuSeconds());
  const started = performance.now();
  await sleep(forMs);
  const seconds = (performance.now() - started) / 1000;
  for (const [index, [cost, { process }]] of fleets.entries())
    cost.idleCpuPercent.push(((process.cpuSeconds() - (before[index] ?? 0)) / seconds) * 100);
}
