import type { Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import type { Service, Stage } from '../stage/stage.js';
import { type Comparison, type Cost, compare, measureEmpty } from './fleet.js';
import { measureRollout } from './rollout.js';

/** From this size on a fleet has figures of its own; smaller ones are there to see growth. */
const WORTH_ITS_OWN = 1000;
const BARE = 'as many bare light Baileys sockets';

/** Fleets of every size beside bare sockets, smallest first. */
export async function measureFleets(
  stage: Stage,
  { fleets, rollout }: Plan,
): Promise<{ comparisons: Comparison[]; figures: Figure[] }> {
  const empty = await measureEmpty(stage);
  const comparisons: Comparison[] = [];
  const rollouts: Figure[] = [];
  for (const fleet of fleets) {
    const then = async ({ api }: Service) => {
      if (fleet.size === rollout.over) rollouts.push(...(await measureRollout(stage, api, rollout)));
    };
    comparisons.push(await compare(stage, fleet, empty, then));
  }
  const large = comparisons.filter(({ size }) => size >= WORTH_ITS_OWN);
  const figures = [...large.flatMap(fleetFigures), ...growth(comparisons), ...rollouts];
  return { comparisons, figures: figures.filter(({ ours }) => ours.length > 0) };
}

function fleetFigures({ size, service, sockets, getP99Ms }: Comparison): Figure[] {
  const common = (name: string, unit: Figure['unit']) =>
    ({ chapter: 'A fleet on one node', name: `${size} instances, ${name}`, unit }) as const;
  const beside = (name: string, unit: Figure['unit'], of: keyof Cost): Figure => ({
    ...common(name, unit),
    ours: service[of],
    against: { what: BARE, values: sockets[of] },
  });
  return [
    beside('all connected', 'ms', 'connectMs'),
    beside('resident memory each', 'kB', 'rssKbEach'),
    beside('heap each', 'kB', 'heapKbEach'),
    beside('processor when idle', '%', 'idleCpuPercent'),
    { ...common('p99 of a Get while they connect', 'ms'), ours: getP99Ms.connecting },
    { ...common('p99 of a Get when connected', 'ms'), ours: getP99Ms.connected },
  ];
}

/** What each size costs per instance or per call, beside the smallest. */
function growth([smallest, ...larger]: readonly Comparison[]): Figure[] {
  if (!smallest) return [];
  const beside = (
    size: number,
    name: string,
    unit: Figure['unit'],
    ours: number[],
    values: number[],
  ): Figure => ({
    chapter: 'Growth',
    name: `${size} instances, ${name}`,
    unit,
    ours,
    against: { what: `the same with ${smallest.size} instances`, values },
  });
  const each = ({ size, service }: Comparison) => service.connectMs.map(ms => ms / size);
  return larger.flatMap(one => [
    beside(one.size, 'processor time of a Get', 'µs', one.cpuPerGetUs, smallest.cpuPerGetUs),
    beside(one.size, 'time to connect each', 'ms', each(one), each(smallest)),
    beside(one.size, 'resident memory of each', 'kB', one.service.rssKbEach, smallest.service.rssKbEach),
  ]);
}
