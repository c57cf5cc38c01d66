import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import {
  type ApplyPrivacySettingsResponse,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';
import { OWN_UNARY } from '../figures/against.js';
import { besideEach, type Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Stage } from '../stage/stage.js';
import { mixed, update } from './changes.js';
import { contenders, stopAll } from './contenders.js';

const ACCOUNTS = 200;
export const CAST: Cast = { services: [ACCOUNTS], peers: ACCOUNTS };
const ROUND_TRIP_MS = 100;
const AT_ONCE = 64;
/** Until then an update spares the read that the one before it ended with. */
const NO_LONGER_FRESH_MS = 3_100;

/** One ApplyPrivacySettings over many instances, beside a caller who updates one by one, many at a time. */
export async function measureApply(stage: Stage, { rounds }: Plan['apply']): Promise<Figure[]> {
  const service = await stage.service(ACCOUNTS);
  await service.connectMs;
  const peers = await contenders(stage, ACCOUNTS, () => ({ ms: [] as number[] }));
  const own = { applied: [] as number[], cpuMsEach: [] as number[], unary: [] as number[] };
  await stage.setLatency(ROUND_TRIP_MS);

  const allOf = async (change: (account: number) => Promise<unknown>) => {
    const queue = new PQueue({ concurrency: AT_ONCE });
    await queue.addAll(Array.from({ length: ACCOUNTS }, (_, account) => () => change(account)));
  };
  const unary = (turn: number) => allOf(one => update(service.api, instanceName(one), mixed(turn)));
  await unary(0);
  for (const { peer } of peers) if (peer) await allOf(one => peer.change(one, mixed(1)));
  for (let round = 0; round < rounds; round++) {
    for (const { peer, measured } of peers)
      if (peer) measured.ms.push(await timed(() => allOf(one => peer.change(one, mixed(round)))));
    await sleep(NO_LONGER_FRESH_MS);
    own.unary.push(await timed(() => unary(1)));
    await sleep(NO_LONGER_FRESH_MS);
    const cpu = service.process.cpuSeconds();
    own.applied.push(await timed(() => apply(service.api, mixed(0))));
    own.cpuMsEach.push(((service.process.cpuSeconds() - cpu) / ACCOUNTS) * 1000);
  }
  await stopAll(peers);
  await service.stop();

  const figure = {
    chapter: 'Many updates at a time',
    name: `${ACCOUNTS} instances, ApplyPrivacySettings`,
  } as const;
  return [
    ...besideEach({ ...figure, unit: 'ms', ours: own.applied }, [
      { what: OWN_UNARY, values: own.unary },
      ...peers.map(({ what, missing, measured }) => ({
        what: `${what}, ${AT_ONCE} at a time`,
        missing,
        values: measured.ms,
      })),
    ]),
    { ...figure, name: `${figure.name}, processor time of each`, unit: 'ms', ours: own.cpuMsEach },
  ];
}

async function apply(api: Api, wanted: readonly string[]): Promise<void> {
  const ends: ApplyPrivacySettingsResponse[] = [];
  const stream = api.stream(Privacy.applyPrivacySettings, {
    ...Privacy.applyPrivacySettings.requestDeserialize(Buffer.of()),
    instances: Array.from({ length: ACCOUNTS }, (_, index) => instanceName(index)),
    ...encodeSettings(parseAssignments(wanted)),
  });
  for await (const end of stream) ends.push(end);
  if (ends.length < ACCOUNTS || ends.some(({ result }) => result?.$case !== 'success'))
    throw new Error('not every instance was updated');
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
