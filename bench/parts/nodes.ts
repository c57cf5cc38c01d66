import { setTimeout as sleep } from 'node:timers/promises';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';
import { type Figure, quantile } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { type WireCall, wireCall } from '../stage/load.js';
import { type Nodes, openNodes } from '../stage/nodes.js';
import type { Cast, Service, Stage } from '../stage/stage.js';
import { type Round, roundOf, type Server, serverAt } from './load-rounds.js';

/** Accounts that are called through either of two nodes. */
const CALLED = 10;
const IN_FLIGHT = [1, 16] as const;
const MOST_NODES = 3;
const CHAPTER = 'Several nodes';
const THROUGH_HOLDER = 'through the node that runs the instance';

export const castOf = ({ size }: Plan['nodes']): Cast => ({ services: [CALLED, size], peers: 0 });

/** What it costs that another node runs an instance, and what each of several nodes costs. */
export async function measureNodes(stage: Stage, plan: Plan['nodes']): Promise<Figure[]> {
  return [...(await measureCalls(stage, plan)), ...(await measureFleets(stage, plan))];
}

async function measureCalls(stage: Stage, { rounds, forMs }: Plan['nodes']): Promise<Figure[]> {
  const nodes = await openNodes(stage, CALLED);
  const services = [await nodes.start(), await nodes.start()];
  await nodes.sharedOut(services);
  const holders = await nodes.holders();
  const [instance = '', holder] = [...holders].at(0) ?? [];
  const own = services.find(({ name }) => name === holder);
  const other = services.find(({ name }) => name !== holder);
  if (!own || !other) throw new Error('nobody runs the instance');
  const [direct, hop] = [own, other].map(({ process, address }) => serverAt(process, address)) as [
    Server,
    Server,
  ];
  const reads = [get(instance)];
  const updates = [update(instance, 'none'), update(instance, 'all')];
  for (const server of [direct, hop]) await server.load(updates, 1, forMs);

  const levels = IN_FLIGHT.map(inFlight => ({ inFlight, ours: [] as Round[], theirs: [] as Round[] }));
  const changes = { ours: [] as Round[], theirs: [] as Round[] };
  const round = (server: Server, calls: readonly WireCall[], inFlight: number) =>
    roundOf(server.process, () => server.load(calls, inFlight, forMs));
  for (let turn = 0; turn < rounds; turn++) {
    for (const { inFlight, ours, theirs } of levels) {
      theirs.push(await round(direct, reads, inFlight));
      ours.push(await round(hop, reads, inFlight));
    }
    changes.theirs.push(await round(direct, updates, 1));
    changes.ours.push(await round(hop, updates, 1));
  }
  for (const { close } of [direct, hop]) close();
  await stopAll(nodes, services);

  const p50 = ({ ms }: Round) => quantile(ms, 0.5);
  const figure = (
    name: string,
    unit: Figure['unit'],
    { ours, theirs }: typeof changes,
    of: (round: Round) => number,
  ): Figure => ({
    chapter: CHAPTER,
    name,
    unit,
    ours: ours.map(of),
    against: { what: THROUGH_HOLDER, values: theirs.map(of) },
  });
  return [
    ...levels.flatMap(level => {
      const name = `a Get through another node, ${level.inFlight} at a time`;
      return [
        figure(name, 'calls/s', level, ({ callsPerSecond }) => callsPerSecond),
        figure(`${name}, p50`, 'ms', level, p50),
      ];
    }),
    figure('an update through another node, p50', 'ms', changes, p50),
    {
      chapter: CHAPTER,
      name: 'an update through another node, p50 of what is added',
      unit: 'ms',
      ours: changes.ours.map((one, index) => p50(one) - p50(changes.theirs[index] ?? one)),
    },
  ];
}

const get = (instance: string): WireCall =>
  wireCall(Privacy.getPrivacySettings, { instance, maxAge: { seconds: 3600n, nanos: 0 } });

const update = (instance: string, value: string): WireCall =>
  wireCall(Privacy.updatePrivacySettings, {
    ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
    instance,
    ...encodeSettings(parseAssignments([`last_seen=${value}`])),
  });

async function measureFleets(stage: Stage, { size, idleMs }: Plan['nodes']): Promise<Figure[]> {
  const nodes = await openNodes(stage, size);
  const figures: Figure[] = [];
  const add = (name: string, unit: Figure['unit'], ours: readonly number[]) =>
    figures.push({ chapter: CHAPTER, name, unit, ours });

  const started = performance.now();
  const alone = await nodes.start({ WA_PRIVACY_CONNECTION_MODE: 'on_demand' });
  await nodes.sharedOut([alone]);
  add(`${size} parked, from the start of a node until it holds all`, 'ms', [performance.now() - started]);
  await stopEach([alone]);

  for (let count = 1; count <= MOST_NODES; count++) {
    const services = await Promise.all(Array.from({ length: count }, () => nodes.start()));
    const began = performance.now();
    await nodes.sharedOut(services);
    await connected(services, size);
    const what = `${size} connected instances on ${count} ${count === 1 ? 'node' : 'nodes'}`;
    add(`${what}, all connected`, 'ms', [performance.now() - began]);
    const before = services.map(({ process }) => process.cpuSeconds());
    await sleep(idleMs);
    const cpu = services.map(
      ({ process }, index) => ((process.cpuSeconds() - (before[index] ?? 0)) / idleMs) * 100_000,
    );
    add(`${what}, processor of each when idle`, '%', cpu);
    add(
      `${what}, resident memory of each`,
      'MB',
      services.map(({ process }) => process.rss() / 1e6),
    );
    await stopEach(services);
  }
  await nodes.close();
  return figures;
}

/** Until all are connected by some of the nodes. Those that went from node to node connected more than once. */
async function connected(services: readonly Service[], size: number): Promise<void> {
  while (services.reduce((sum, service) => sum + service.connected(), 0) < size) await sleep(50);
}

const stopEach = (services: readonly Service[]) => Promise.all(services.map(service => service.stop()));

async function stopAll(nodes: Nodes, services: readonly Service[]): Promise<void> {
  await stopEach(services);
  await nodes.close();
}
