import { type Figure, median } from '../figures/figure.js';
import type { Panel } from '../figures/plot.js';
import type { Plan } from '../plan.js';
import { TELLS_HEAP } from '../stage/processes.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Service, Stage } from '../stage/stage.js';
import { warmGet } from '../stage/warm-gets.js';
import { addConnecting, addIdle, addMemory, type Cost, measureBases, noCost, settled } from './cost.js';

const GETS_AT_ONCE = 16;

export const castOf = ({ sizes }: Plan['growth']): Cast => ({
  services: [1, ...sizes],
  peers: Math.max(...sizes),
});

/** Of one number of instances. */
type Sized = { readonly size: number; readonly cost: Cost; readonly cpuPerGetUs: number[] };
/** What each number of accounts costs one of the peers. */
type PeerCosts = { readonly what: string; readonly costs: readonly { size: number; cost: Cost }[] };

/** Fleets of every size, smallest first; the services stay, and are then called by turns. */
export async function measureGrowth(
  stage: Stage,
  plan: Plan['growth'],
): Promise<{ figures: Figure[]; panels: Panel[] }> {
  const bases = await measureBases(stage);
  const peers: PeerCosts[] = [];
  for (const [index, { what, start }] of stage.peers.entries()) {
    const base = bases.peers[index]?.measured;
    if (!base) continue;
    const costs = [];
    for (const size of plan.sizes) {
      const cost = noCost();
      const peer = await start(size, TELLS_HEAP);
      await addConnecting(cost, peer, size, base);
      await settled();
      await addMemory(cost, peer, size, base);
      await peer.stop();
      costs.push({ size, cost });
    }
    peers.push({ what, costs });
  }

  const services: (Sized & { service: Service })[] = [];
  for (const size of plan.sizes) {
    const cost = noCost();
    const service = await stage.service(size, TELLS_HEAP);
    await addConnecting(cost, service, size, bases.service);
    await settled();
    await addMemory(cost, service, size, bases.service);
    services.push({ size, cost, service, cpuPerGetUs: [] });
  }
  await addIdle(
    plan.idleMs,
    services.map(({ cost, service }) => [cost, service] as const),
  );
  for (const one of services) await getOften(one.service, one.size, plan.gets);
  for (let round = 0; round < plan.rounds; round++)
    for (const { size, service, cpuPerGetUs } of services) {
      const before = service.process.cpuSeconds();
      await getOften(service, size, plan.gets);
      cpuPerGetUs.push(((service.process.cpuSeconds() - before) / plan.gets) * 1e6);
    }
  for (const { service } of services) await service.stop();
  return { figures: figuresOf(services, peers), panels: panelsOf(services, peers) };
}

async function getOften({ api }: Service, size: number, calls: number): Promise<void> {
  let begun = 0;
  const callAfterCall = async () => {
    while (begun < calls) await warmGet(api, instanceName(begun++ % size));
  };
  await Promise.all(Array.from({ length: GETS_AT_ONCE }, callAfterCall));
}

/** What each size costs per instance or per call, beside the smallest; of the largest what it costs at all. */
function figuresOf(services: readonly Sized[], peers: readonly PeerCosts[]): Figure[] {
  const [smallest, ...larger] = services;
  const largest = larger.at(-1);
  if (!smallest || !largest) throw new Error('growth takes several sizes');
  const chapter = 'Growth';
  const rows = larger.flatMap(one => {
    const beside = (name: string, unit: Figure['unit'], of: (sized: Sized) => number[]): Figure => ({
      chapter,
      name: `${one.size} instances, ${name}`,
      unit,
      ours: of(one),
      against: { what: `the same with ${smallest.size} instances`, values: of(smallest) },
    });
    return [
      beside('processor time of a Get', 'µs', ({ cpuPerGetUs }) => cpuPerGetUs),
      beside('time to connect each', 'ms', ({ cost, size }) => cost.connectMs.map(ms => ms / size)),
      beside('resident memory of each', 'kB', ({ cost }) => cost.rssKbEach),
    ];
  });
  const besidePeers = (name: string, unit: Figure['unit'], of: keyof Cost): Figure[] =>
    peers.map(({ what, costs }) => ({
      chapter,
      name: `${largest.size} instances, ${name}`,
      unit,
      ours: largest.cost[of],
      against: { what, values: costs.find(({ size }) => size === largest.size)?.cost[of] ?? [] },
    }));
  return [
    ...rows,
    ...besidePeers('all connected', 'ms', 'connectMs'),
    ...besidePeers('resident memory each', 'kB', 'rssKbEach'),
    {
      chapter,
      name: `${largest.size} instances, processor when idle`,
      unit: '%',
      ours: largest.cost.idleCpuPercent,
    },
  ];
}

function panelsOf(services: readonly Sized[], peers: readonly PeerCosts[]): Panel[] {
  const lines = (of: (cost: Cost, size: number) => number) =>
    [{ what: 'this service', costs: services }, ...peers].map(({ what, costs }) => ({
      name: what,
      points: costs.map(({ size, cost }) => ({ x: size, y: of(cost, size) })),
    }));
  const gets = services.map(({ size, cpuPerGetUs }) => ({ x: size, y: median(cpuPerGetUs) }));
  return [
    { title: 'Resident memory of each', unit: 'kB', lines: lines(({ rssKbEach }) => median(rssKbEach)) },
    {
      title: 'Time to connect each',
      unit: 'ms',
      lines: lines(({ connectMs }, size) => median(connectMs) / size),
    },
    { title: 'Processor time of a Get', unit: 'µs', lines: [{ name: 'this service', points: gets }] },
  ];
}
