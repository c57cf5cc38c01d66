import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';
import { BARE_METHOD } from '../figures/against.js';
import { type Figure, quantile } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { callAfterCall, type WireCall, wireCall } from '../stage/load.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Stage } from '../stage/stage.js';
import { contenders, stopAll } from './contenders.js';
import {
  GET,
  type Round,
  type Rounds,
  roundOf,
  type Server,
  serverAt,
  startBareServer,
} from './load-rounds.js';

const ACCOUNTS = 10;
export const CAST: Cast = { services: [ACCOUNTS], peers: 1 };
const IN_FLIGHT = [1, 16, 64] as const;
/** For the figures of processor time, at which a server has no idle moments. */
const BUSY = 64;

/** Loads the service, a bare grpc-js server and the peers by turns. */
export async function measureCalls(stage: Stage, plan: Plan['calls']): Promise<Figure[]> {
  const service = await stage.service(ACCOUNTS);
  await service.connectMs;
  const peers = await contenders(stage, 1, (): Round[] => []);
  const ours = serverAt(service.process, service.address);
  const bareServer = await startBareServer(GET, await ours.call(GET));
  const bare = serverAt(bareServer.process, bareServer.address);
  const updates = Array.from({ length: ACCOUNTS }, (_, index) => unchangedUpdate(instanceName(index)));

  const round = (
    { process, load }: Server,
    calls: readonly WireCall[],
    inFlight: number,
    forMs = plan.forMs,
  ) => roundOf(process, () => load(calls, inFlight, forMs));
  for (const calls of [[GET], updates]) await round(ours, calls, BUSY, plan.warmUpMs);
  await round(bare, [GET], BUSY, plan.warmUpMs);

  const levels = IN_FLIGHT.map(inFlight => ({ inFlight, ours: [] as Round[], theirs: [] as Round[] }));
  const updating: Round[] = [];
  for (let turn = 0; turn < plan.rounds; turn++) {
    for (const level of levels) {
      level.theirs.push(await round(bare, [GET], level.inFlight));
      level.ours.push(await round(ours, [GET], level.inFlight));
    }
    for (const { peer, measured } of peers)
      if (peer)
        measured.push(await roundOf(peer.process, () => callAfterCall(BUSY, plan.forMs, () => peer.read(0))));
    updating.push(await round(ours, updates, BUSY));
  }
  for (const { close } of [ours, bare]) close();
  await bareServer.process.stop();
  await stopAll(peers);
  await service.stop();

  const chapter = 'Calls answered from memory';
  const figure = (
    name: string,
    unit: Figure['unit'],
    { ours, theirs }: Rounds,
    of: (round: Round) => number,
  ) =>
    ({
      chapter,
      name,
      unit,
      ours: ours.map(of),
      against: { what: BARE_METHOD, values: theirs.map(of) },
    }) as const;
  const busy = levels.find(({ inFlight }) => inFlight === BUSY);
  if (!busy) throw new Error('no level for the processor time');
  const cpu = figure('processor time of a Get', 'µs', busy, ({ cpuUsEach }) => cpuUsEach);
  return [
    ...levels.flatMap(level => {
      const name = `GetPrivacySettings, ${level.inFlight} at a time`;
      return [
        figure(name, 'calls/s', level, ({ callsPerSecond }) => callsPerSecond),
        figure(`${name}, p50`, 'ms', level, ({ ms }) => quantile(ms, 0.5)),
        figure(`${name}, p99`, 'ms', level, ({ ms }) => quantile(ms, 0.99)),
      ];
    }),
    cpu,
    ...peers.map(({ what, missing, measured }): Figure => {
      const values = measured.map(({ cpuUsEach }) => cpuUsEach);
      return { ...cpu, against: { what, missing, values } };
    }),
    figure(
      'processor time of an update that changes nothing',
      'µs',
      { ours: updating, theirs: busy.theirs },
      ({ cpuUsEach }) => cpuUsEach,
    ),
  ];
}

/** While its settings are fresh it sends nothing. */
const unchangedUpdate = (instance: string): WireCall =>
  wireCall(Privacy.updatePrivacySettings, {
    ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
    instance,
    ...encodeSettings(parseAssignments(['last_seen=all', 'status=all', 'profile=all'])),
  });
