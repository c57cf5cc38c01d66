import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, sorted } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { instanceName } from '../stage/seed.js';
import type { Fleet, Service, Stage } from '../stage/stage.js';
import { steadyGets, warmGet } from '../stage/warm-gets.js';

/** What a fleet costs, by round; memory is what the process has above one without a single connection. */
export type Cost = {
  readonly connectMs: number[];
  readonly rssKbEach: number[];
  /** JavaScript heap that is in use, after a collection. */
  readonly heapKbEach: number[];
  /** Of one processor, while nobody calls. */
  readonly idleCpuPercent: number[];
};

/** A service of one size beside as many bare sockets. */
export type Comparison = {
  readonly size: number;
  readonly service: Cost;
  readonly sockets: Cost;
  /** What 99 of 100 calls took at most, in milliseconds, by round: while the instances connected, and after that. */
  readonly getP99Ms: { readonly connecting: number[]; readonly connected: number[] };
  /** Of the server, in microseconds. */
  readonly cpuPerGetUs: number[];
};

type Memory = { readonly rss: number; readonly heap: number };
/** The memory of processes without a connection. */
export type Empty = { readonly service: Memory; readonly sockets: Memory };

const SETTLE_MS = 2_000;
const GETS_PER_SECOND = 100;
const CONNECTED_GETS_MS = 5_000;
const GETS_FOR_CPU = 4_000;
/** Before that a processor's time is spent on compiling. */
const GETS_TO_WARM_UP = 4_000;
const GETS_AT_ONCE = 16;
/** Instances that have connected this many instances ago have read their settings. */
const READS_BEHIND = 50;

export async function measureEmpty(stage: Stage): Promise<Empty> {
  const [service, sockets] = [await stage.service(0), stage.sockets(0)];
  await sleep(SETTLE_MS);
  const empty = { service: await memoryOf(service), sockets: await memoryOf(sockets) };
  await sockets.process.stop();
  await stop(service);
  return empty;
}

/** Connects both by turns; the service of the last round is handed to `then`. */
export async function compare(
  stage: Stage,
  { size, rounds, idleMs }: Plan['fleets'][number],
  empty: Empty,
  then: (service: Service) => Promise<void>,
): Promise<Comparison> {
  const comparison: Comparison = {
    size,
    service: noCost(),
    sockets: noCost(),
    getP99Ms: { connecting: [], connected: [] },
    cpuPerGetUs: [],
  };
  for (let round = 1; round <= rounds; round++) {
    const sockets = stage.sockets(size);
    comparison.sockets.connectMs.push(await sockets.connectMs);
    const service = await stage.service(size);
    const settled = () => service.connected() - READS_BEHIND;
    const gets = steadyGets(service.api, GETS_PER_SECOND, service.connectMs, () =>
      settled() > 0 ? instanceName(Math.floor(Math.random() * settled())) : undefined,
    );
    comparison.service.connectMs.push(await service.connectMs);
    addP99(comparison.getP99Ms.connecting, await gets);
    await sleep(SETTLE_MS);

    if (round === rounds && idleMs > 0) {
      const idle = { service: cpuPercent(service), sockets: cpuPercent(sockets) };
      await sleep(idleMs);
      comparison.service.idleCpuPercent.push(idle.service());
      comparison.sockets.idleCpuPercent.push(idle.sockets());
    }
    addMemory(comparison.service, await memoryOf(service), empty.service, size);
    addMemory(comparison.sockets, await memoryOf(sockets), empty.sockets, size);
    await sockets.process.stop();

    const connected = await steadyGets(service.api, GETS_PER_SECOND, sleep(CONNECTED_GETS_MS), () =>
      instanceName(Math.floor(Math.random() * size)),
    );
    addP99(comparison.getP99Ms.connected, connected);
    await callOften(service, size, GETS_TO_WARM_UP);
    const before = service.process.cpuSeconds();
    await callOften(service, size, GETS_FOR_CPU);
    comparison.cpuPerGetUs.push(((service.process.cpuSeconds() - before) / GETS_FOR_CPU) * 1e6);
    if (round === rounds) await then(service);
    await stop(service);
  }
  return comparison;
}

const noCost = (): Cost => ({ connectMs: [], rssKbEach: [], heapKbEach: [], idleCpuPercent: [] });

const memoryOf = async ({ process }: Fleet): Promise<Memory> => ({
  rss: process.rss(), // First: the inspector, which tells the heap, takes memory itself.
  heap: await process.liveHeap(),
});

function addMemory(cost: Cost, memory: Memory, empty: Memory, size: number): void {
  cost.rssKbEach.push((memory.rss - empty.rss) / size / 1000);
  cost.heapKbEach.push((memory.heap - empty.heap) / size / 1000);
}

function addP99(to: number[], took: readonly number[]): void {
  if (took.length > 0) to.push(quantile(sorted(took), 0.99));
}

/** Starts to measure; what comes back ends it. */
function cpuPercent({ process }: Fleet): () => number {
  const [cpu, started] = [process.cpuSeconds(), performance.now()];
  return () => ((process.cpuSeconds() - cpu) / (performance.now() - started)) * 1000 * 100;
}

async function callOften({ api }: Service, size: number, calls: number): Promise<void> {
  let begun = 0;
  const callAfterCall = async () => {
    while (begun < calls) await warmGet(api, instanceName(begun++ % size));
  };
  await Promise.all(Array.from({ length: GETS_AT_ONCE }, callAfterCall));
}

async function stop(service: Service): Promise<void> {
  service.api.close();
  await service.process.stop();
}
