import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../stage/fleet.js';
import { TELLS_HEAP } from '../stage/processes.js';
import type { Stage } from '../stage/stage.js';
import { type Contender, contenders, stopAll } from './contenders.js';

/** What a fleet costs, by round; memory is what the process has above one without a single connection. */
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

/** A process without a connection. */
export type Empty = { readonly rss: number; readonly cpuSeconds: number; readonly heap: number | undefined };
export type Empties = { readonly service: Empty; readonly peers: readonly Contender<Empty | undefined>[] };

const SETTLE_MS = 2_000;
export const settled = (): Promise<void> => sleep(SETTLE_MS);

/** The service and all peers, each with nothing to connect. */
export async function measureEmpty(stage: Stage): Promise<Empties> {
  const service = await stage.service(0, TELLS_HEAP);
  const peers = await contenders(stage, 0, () => undefined, TELLS_HEAP);
  await settled();
  const empties = {
    service: await emptiness(service),
    peers: await Promise.all(
      peers.map(async one => ({ ...one, measured: one.peer && (await emptiness(one.peer)) })),
    ),
  };
  await stopAll(peers);
  await service.stop();
  return empties;
}

const emptiness = async ({ process }: Fleet): Promise<Empty> => ({
  cpuSeconds: process.cpuSeconds(),
  rss: process.rss(), // Before the heap, for which all garbage is collected.
  heap: await process.liveHeap(),
});

/** Adds what a fleet cost that has just connected. */
export async function addConnecting(cost: Cost, { process, connectMs }: Fleet, size: number, empty: Empty) {
  cost.connectMs.push(await connectMs);
  cost.loginCpuMs.push(((process.cpuSeconds() - empty.cpuSeconds) / size) * 1000);
}

/** Adds the memory of a fleet, and collects its garbage. */
export async function addMemory(cost: Cost, { process }: Fleet, size: number, empty: Empty): Promise<void> {
  cost.rssKbEach.push((process.rss() - empty.rss) / size / 1000);
  const heap = await process.liveHeap();
  if (heap !== undefined && empty.heap !== undefined) cost.heapKbEach.push((heap - empty.heap) / size / 1000);
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
