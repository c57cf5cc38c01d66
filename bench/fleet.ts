import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ApplyPrivacySettingsResponse,
  PrivacyServiceService as Privacy,
} from '../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { parseAssignments } from '../src/cli/assignments.js';
import type { Api } from '../src/cli/client.js';
import { encodeSettings } from '../src/cli/setting-values.js';
import { type Fleet, type FleetStage, setFleetStage } from './fleet-stage.js';
import { instanceName } from './seed.js';
import { steadyGets, warmGet } from './warm-gets.js';

/** What a fleet costs; memory is what the process has above one without a single connection. */
export type Cost = {
  /** Of each round. */
  readonly connectMs: readonly number[];
  readonly rssKbEach: number;
  /** JavaScript heap that is in use, after a collection. */
  readonly heapKbEach: number;
  /** Of one processor, while nobody calls. */
  readonly idleCpuPercent: number;
};

/** A service of one size beside as many bare sockets. */
export type Comparison = {
  readonly size: number;
  readonly service: Cost;
  readonly sockets: Cost;
  /** How long calls took in milliseconds, in order: while the instances connected, and after that. */
  readonly getMs: { readonly connecting: readonly number[]; readonly connected: readonly number[] };
  /** Of the server, in microseconds. */
  readonly cpuPerGetUs: number;
};

/** One ApplyPrivacySettings over all instances beside updates of some, one instance after another. */
export type Rollout = {
  readonly instances: number;
  readonly msEach: number;
  readonly stanzasEach: number;
  readonly oneByOne: { readonly instances: number; readonly msEach: number; readonly stanzasEach: number };
};

export type FleetMeasures = { readonly comparisons: readonly Comparison[]; readonly rollout: Rollout };

/** How each size is measured; the idle minute is left out where only growth is looked at. */
const PLAN = [
  { size: 10, rounds: 3, idleMs: 5_000 },
  { size: 100, rounds: 3, idleMs: 5_000 },
  { size: 1000, rounds: 3, idleMs: 60_000 },
  { size: 2500, rounds: 1, idleMs: 60_000 },
] as const;
const ROLLED_OUT_OVER = 1000;
const ONE_BY_ONE = 50;
const ROUND_TRIP_MS = 100;
const SETTLE_MS = 2_000;
const GETS_PER_SECOND = 100;
const CONNECTED_GETS_MS = 10_000;
const GETS_FOR_CPU = 4_000;
const GETS_AT_ONCE = 16;
/** Instances that have connected this many instances ago have read their settings. */
const READS_BEHIND = 50;

export async function measureFleets(): Promise<FleetMeasures> {
  const stage = await setFleetStage([0, ...PLAN.map(({ size }) => size)]);
  try {
    const empty = {
      service: await restingMemory(await stage.service(0)),
      sockets: await restingMemory(stage.sockets(0)),
    };
    const comparisons: Comparison[] = [];
    let rollout: Rollout | undefined;
    for (const plan of PLAN) {
      const { comparison, service } = await compare(stage, plan, empty);
      comparisons.push(comparison);
      if (plan.size === ROLLED_OUT_OVER) rollout = await rollOut(stage, service.api);
      await stop(service);
    }
    if (!rollout) throw new Error('no fleet of the size for the rollout');
    return { comparisons, rollout };
  } finally {
    await stage.clear();
  }
}

type Memory = { readonly rss: number; readonly heap: number };
type Service = Awaited<ReturnType<FleetStage['service']>>;

async function restingMemory(fleet: Fleet): Promise<Memory> {
  await sleep(SETTLE_MS);
  const memory = { rss: fleet.process.rss(), heap: await fleet.process.liveHeap() };
  await fleet.process.stop();
  return memory;
}

async function stop(service: Service): Promise<void> {
  service.api.close();
  await service.process.stop();
}

/** Connects both by turns; the fleets of the last round stay for what else there is to measure. */
async function compare(
  stage: FleetStage,
  { size, rounds, idleMs }: (typeof PLAN)[number],
  empty: { readonly service: Memory; readonly sockets: Memory },
): Promise<{ comparison: Comparison; service: Service }> {
  const connectMs = { service: [] as number[], sockets: [] as number[] };
  const connecting: number[] = [];
  for (let round = 1; ; round++) {
    const sockets = stage.sockets(size);
    connectMs.sockets.push(await sockets.connectMs);
    if (round < rounds) await sockets.process.stop();

    const service = await stage.service(size);
    const settled = () => service.connected() - READS_BEHIND;
    const gets = steadyGets(service.api, GETS_PER_SECOND, service.connectMs, () =>
      settled() > 0 ? instanceName(Math.floor(Math.random() * settled())) : undefined,
    );
    connectMs.service.push(await service.connectMs);
    connecting.push(...(await gets));
    if (round < rounds) {
      await stop(service);
      continue;
    }

    await sleep(SETTLE_MS);
    const idle = { service: cpuPercent(service), sockets: cpuPercent(sockets) };
    await sleep(idleMs);
    const cost = async (which: 'service' | 'sockets', { process }: Fleet): Promise<Cost> => ({
      connectMs: connectMs[which],
      idleCpuPercent: idle[which](),
      rssKbEach: (process.rss() - empty[which].rss) / size / 1000,
      heapKbEach: ((await process.liveHeap()) - empty[which].heap) / size / 1000,
    });
    const costs = { service: await cost('service', service), sockets: await cost('sockets', sockets) };
    await sockets.process.stop();
    const connected = await steadyGets(service.api, GETS_PER_SECOND, sleep(CONNECTED_GETS_MS), () =>
      instanceName(Math.floor(Math.random() * size)),
    );
    const cpuPerGetUs = await cpuPerGet(service, size);
    const getMs = { connecting: sorted(connecting), connected: sorted(connected) };
    return { comparison: { size, ...costs, getMs, cpuPerGetUs }, service };
  }
}

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Starts to measure; what comes back ends it. */
function cpuPercent({ process }: Fleet): () => number {
  const [cpu, started] = [process.cpuSeconds(), performance.now()];
  return () => ((process.cpuSeconds() - cpu) / (performance.now() - started)) * 1000 * 100;
}

async function cpuPerGet({ process, api }: Service, size: number): Promise<number> {
  const before = process.cpuSeconds();
  let begun = 0;
  const callAfterCall = async () => {
    while (begun < GETS_FOR_CPU) await warmGet(api, instanceName(begun++ % size));
  };
  await Promise.all(Array.from({ length: GETS_AT_ONCE }, callAfterCall));
  return ((process.cpuSeconds() - before) / GETS_FOR_CPU) * 1e6;
}

async function rollOut(stage: FleetStage, api: Api): Promise<Rollout> {
  await stage.setLatency(ROUND_TRIP_MS);
  await stage.takeStanzas();
  const names = (count: number) => Array.from({ length: count }, (_, index) => instanceName(index));
  const settings = (assignment: string) => encodeSettings(parseAssignments([assignment]));
  const empty = <T>(method: { requestDeserialize: (bytes: Buffer) => T }) =>
    method.requestDeserialize(Buffer.of());

  const oneByOne = await timed(stage, ONE_BY_ONE, async () => {
    for (const instance of names(ONE_BY_ONE))
      await api.call(Privacy.updatePrivacySettings, {
        ...empty(Privacy.updatePrivacySettings),
        instance,
        ...settings('last_seen=none'),
      });
  });
  const all = await timed(stage, ROLLED_OUT_OVER, async () => {
    const ends: ApplyPrivacySettingsResponse[] = [];
    const request = { instances: names(ROLLED_OUT_OVER), ...settings('last_seen=contacts') };
    const stream = api.stream(Privacy.applyPrivacySettings, {
      ...empty(Privacy.applyPrivacySettings),
      ...request,
    });
    for await (const end of stream) ends.push(end);
    if (ends.length < ROLLED_OUT_OVER || ends.some(({ result }) => result?.$case !== 'success'))
      throw new Error('not every instance was updated');
  });
  await stage.setLatency(0);
  return { instances: ROLLED_OUT_OVER, ...all, oneByOne: { instances: ONE_BY_ONE, ...oneByOne } };
}

async function timed(stage: FleetStage, instances: number, work: () => Promise<void>) {
  const started = performance.now();
  await work();
  const msEach = (performance.now() - started) / instances;
  return { msEach, stanzasEach: (await stage.takeStanzas()) / instances };
}
