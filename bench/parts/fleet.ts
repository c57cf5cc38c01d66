import { setTimeout as sleep } from 'node:timers/promises';
import { besideEach, type Figure, quantile, sorted } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { TELLS_HEAP } from '../stage/processes.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Service, Stage } from '../stage/stage.js';
import { steadily } from '../stage/steadily.js';
import { warmGet } from '../stage/warm-gets.js';
import { addConnecting, addIdle, addMemory, type Cost, measureBases, noCost, settled } from './cost.js';

const GETS_PER_SECOND = 100;
const CONNECTED_GETS_MS = 5_000;
/** Instances that have connected this many instances ago have read their settings. */
const READS_BEHIND = 50;

export const castOf = ({ size }: Plan['fleet']): Cast => ({ services: [1, size], peers: size });

/** Connects a fleet by turns with each peer's; in the last round all are idle side by side. */
export async function measureFleet(stage: Stage, { size, rounds, idleMs }: Plan['fleet']): Promise<Figure[]> {
  const bases = await measureBases(stage);
  const own = noCost();
  const p99 = { connecting: [] as number[], connected: [] as number[] };
  const peers = stage.peers.map((peer, index) => ({
    ...peer,
    cost: noCost(),
    base: bases.peers[index]?.measured,
  }));
  for (let round = 1; round <= rounds; round++) {
    const isLast = round === rounds;
    const idle = [];
    for (const { base, cost, start } of peers) {
      if (!base) continue;
      const peer = await start(size, TELLS_HEAP);
      await addConnecting(cost, peer, size, base);
      await settled();
      if (isLast) idle.push({ cost, base, fleet: peer, stop: peer.stop });
      else {
        await addMemory(cost, peer, size, base);
        await peer.stop();
      }
    }

    const service = await stage.service(size, TELLS_HEAP);
    p99.connecting.push(...(await getsWhileConnecting(service, size)));
    await addConnecting(own, service, size, bases.service);
    await settled();
    if (isLast) {
      await addIdle(idleMs, [[own, service], ...idle.map(({ cost, fleet }) => [cost, fleet] as const)]);
      for (const { cost, fleet, base, stop } of idle) {
        await addMemory(cost, fleet, size, base);
        await stop();
      }
    }
    await addMemory(own, service, size, bases.service);
    p99.connected.push(
      ...(await getsP99(service, sleep(CONNECTED_GETS_MS), () => Math.floor(Math.random() * size))),
    );
    await service.stop();
  }

  const chapter = 'A fleet on one node';
  const beside = (name: string, unit: Figure['unit'], of: keyof Cost): Figure[] =>
    besideEach(
      { chapter, name: `${size} instances, ${name}`, unit, ours: own[of] },
      peers
        .map(({ what, missing, cost }) => ({ what, missing, values: cost[of] }))
        .filter(({ values, missing }) => missing !== undefined || values.length > 0),
    );
  const alone = (name: string, unit: Figure['unit'], ours: number[]): Figure => ({
    chapter,
    name: `${size} instances, ${name}`,
    unit,
    ours,
  });
  return [
    ...beside('all connected', 'ms', 'connectMs'),
    ...beside('processor time of a login', 'ms', 'loginCpuMs'),
    ...beside('resident memory each', 'kB', 'rssKbEach'),
    ...beside('heap each', 'kB', 'heapKbEach').filter(({ against }) => against?.missing === undefined),
    ...beside('processor when idle', '%', 'idleCpuPercent'),
    alone('p99 of a Get while they connect', 'ms', p99.connecting),
    alone('p99 of a Get when connected', 'ms', p99.connected),
  ].filter(({ ours }) => ours.length > 0);
}

/** Only of instances that have connected. */
function getsWhileConnecting(service: Service, size: number): Promise<number[]> {
  const ready = () => Math.min(service.connected() - READS_BEHIND, size);
  return getsP99(service, service.connectMs, () =>
    ready() > 0 ? Math.floor(Math.random() * ready()) : undefined,
  );
}

/** The p99 of calls at a steady rate; none when there was nothing to call. */
async function getsP99(
  { api }: Service,
  over: Promise<unknown>,
  instance: () => number | undefined,
): Promise<number[]> {
  const took = await steadily(GETS_PER_SECOND, over, () => {
    const index = instance();
    return index === undefined ? undefined : warmGet(api, instanceName(index));
  });
  return took.length > 0 ? [quantile(sorted(took), 0.99)] : [];
}
