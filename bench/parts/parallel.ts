import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, quantile, sorted } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { callAfterCall } from '../stage/load.js';
import type { Measured } from '../stage/processes.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Stage } from '../stage/stage.js';
import { steadily } from '../stage/steadily.js';
import { warmGet } from '../stage/warm-gets.js';
import { mixed, update } from './changes.js';
import { contenders, figuresBeside, stopAll } from './contenders.js';
import { roundOf } from './load-rounds.js';

const ACCOUNTS = 64;
export const CAST: Cast = { services: [ACCOUNTS], peers: ACCOUNTS };
const ROUND_TRIP_MS = 20;
const IN_FLIGHT = 32;
const UPDATES_PER_SECOND = 100;
const READS_PER_SECOND = 100;

/** Who makes updates and answers reads from memory. */
type Way = {
  readonly process: Measured;
  readonly change: (account: number, wanted: readonly string[]) => Promise<unknown>;
  readonly read: (account: number) => Promise<unknown>;
};
/** What came of it, round by round; of the first four while so many updates are in flight. */
type Series = Record<
  'perSecond' | 'cpuMsEach' | 'readP50' | 'readP99' | 'steadyReadP99' | 'steadyP50',
  number[]
>;
const series = (): Series => ({
  perSecond: [],
  cpuMsEach: [],
  readP50: [],
  readP99: [],
  steadyReadP99: [],
  steadyP50: [],
});

/** Updates of seven settings on many accounts at a time, while reads come at a steady rate. */
export async function measureParallel(stage: Stage, { rounds, forMs }: Plan['parallel']): Promise<Figure[]> {
  const service = await stage.service(ACCOUNTS);
  await service.connectMs;
  const ours: Way = {
    process: service.process,
    change: (account, wanted) => update(service.api, instanceName(account), wanted),
    read: account => warmGet(service.api, instanceName(account)),
  };
  const peers = await contenders(stage, ACCOUNTS, series);
  const ways = [
    { ...turnsOf(ours), measured: series() },
    ...peers.flatMap(({ peer, measured }) => (peer ? [{ ...turnsOf(peer), measured }] : [])),
  ];

  await stage.setLatency(ROUND_TRIP_MS);
  for (const { way, changeNext } of ways) await inFlight(way, changeNext, forMs);
  for (let round = 0; round < rounds; round++)
    for (const { way, changeNext, measured } of ways) {
      const closed = await inFlight(way, changeNext, forMs);
      measured.perSecond.push(closed.perSecond);
      measured.cpuMsEach.push(closed.cpuMsEach);
      measured.readP50.push(quantile(closed.reads, 0.5));
      measured.readP99.push(quantile(closed.reads, 0.99));
      const over = sleep(forMs);
      const [updates, reads] = await Promise.all([
        steadily(UPDATES_PER_SECOND, over, changeNext),
        readsBeside(way, over),
      ]);
      measured.steadyP50.push(quantile(sorted(updates), 0.5));
      measured.steadyReadP99.push(quantile(reads, 0.99));
    }
  await stopAll(peers);
  await service.stop();

  const own = ways[0]?.measured ?? series();
  const figures = (name: string, unit: Figure['unit'], of: keyof Series) =>
    figuresBeside({ chapter: 'Many updates at a time', name, unit }, own, peers, measured => measured[of]);
  const flying = `${IN_FLIGHT} updates in flight`;
  const steady = `${UPDATES_PER_SECOND} updates a second`;
  return [
    ...figures(`${flying}, updates a second`, 'updates/s', 'perSecond'),
    ...figures(`${flying}, processor time of an update`, 'ms', 'cpuMsEach'),
    ...figures(`${flying}, p50 of a read beside them`, 'ms', 'readP50'),
    ...figures(`${flying}, p99 of a read beside them`, 'ms', 'readP99'),
    ...figures(`${steady}, p50 of an update`, 'ms', 'steadyP50'),
    ...figures(`${steady}, p99 of a read beside them`, 'ms', 'steadyReadP99'),
  ];
}

/** Goes round the accounts; each time an account is met, all seven settings change. */
function turnsOf(way: Way) {
  let next = 0;
  const changeNext = () => {
    const turn = next++;
    return way.change(turn % ACCOUNTS, mixed(Math.floor(turn / ACCOUNTS)));
  };
  return { way, changeNext };
}

const readsBeside = async (way: Way, over: Promise<unknown>): Promise<number[]> => {
  let next = 0;
  return sorted(await steadily(READS_PER_SECOND, over, () => way.read(next++ % ACCOUNTS)));
};

/** Makes one update after another, so many at any time. */
async function inFlight(way: Way, changeNext: () => Promise<unknown>, forMs: number) {
  const updates = roundOf(way.process, () => callAfterCall(IN_FLIGHT, forMs, changeNext));
  const reads = await readsBeside(way, updates);
  const { callsPerSecond, cpuUsEach } = await updates;
  return { perSecond: callsPerSecond, cpuMsEach: cpuUsEach / 1000, reads };
}
