import { fileURLToPath } from 'node:url';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';
import { type Figure, quantile } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { type Callers, callers, type Load, type WireCall, wireCall } from '../stage/load.js';
import { type Measured, measured } from '../stage/processes.js';
import { instanceName } from '../stage/seed.js';
import { type Stage, TOKEN } from '../stage/stage.js';

const IN_FLIGHT = [1, 16, 64] as const;
/** For the figures of processor time, at which a server has no idle moments. */
const BUSY = 64;
const BARE = 'a bare grpc-js method, same bytes';

/** A server under load. */
type Server = { readonly process: Measured; readonly callers: Callers };
/** What a server did in one round. */
type Round = Load & { readonly cpuUsEach: number };

/** Loads the service and a bare grpc-js server by turns. */
export async function measureCalls(stage: Stage, size: number, plan: Plan['calls']): Promise<Figure[]> {
  const service = await stage.service(size);
  await service.connectMs;
  const get = wireCall(Privacy.getPrivacySettings, {
    instance: instanceName(0),
    maxAge: { seconds: 3600n, nanos: 0 },
  });
  const ours: Server = { process: service.process, callers: callers(service.address, TOKEN) };
  const bare = await bareServer(get, await ours.callers.call(get));
  const updates = Array.from({ length: size }, (_, index) => unchangedUpdate(instanceName(index)));

  const round = async (
    { process, callers }: Server,
    calls: readonly WireCall[],
    inFlight: number,
    forMs: number,
  ) => {
    const before = process.cpuSeconds();
    const load = await callers.load(calls, inFlight, forMs);
    return { ...load, cpuUsEach: ((process.cpuSeconds() - before) / load.ms.length) * 1e6 };
  };
  for (const calls of [[get], updates]) await round(ours, calls, BUSY, plan.warmUpMs);
  await round(bare, [get], BUSY, plan.warmUpMs);

  const levels = IN_FLIGHT.map(inFlight => ({ inFlight, ours: [] as Round[], bare: [] as Round[] }));
  const updating: Round[] = [];
  for (let turn = 0; turn < plan.rounds; turn++) {
    for (const level of levels) {
      level.bare.push(await round(bare, [get], level.inFlight, plan.forMs));
      level.ours.push(await round(ours, [get], level.inFlight, plan.forMs));
    }
    updating.push(await round(ours, updates, BUSY, plan.forMs));
  }
  for (const { process, callers } of [ours, bare]) {
    callers.close();
    await process.stop();
  }
  service.api.close();

  const chapter = 'Calls answered from memory';
  const figure = (name: string, unit: Figure['unit'], a: Round[], b: Round[], of: (round: Round) => number) =>
    ({ chapter, name, unit, ours: a.map(of), against: { what: BARE, values: b.map(of) } }) as const;
  const busy = levels.find(({ inFlight }) => inFlight === BUSY);
  if (!busy) throw new Error('no level for the processor time');
  return [
    ...levels.flatMap(({ inFlight, ours, bare }) => {
      const name = `GetPrivacySettings, ${inFlight} at a time`;
      return [
        figure(name, 'calls/s', ours, bare, ({ callsPerSecond }) => callsPerSecond),
        figure(`${name}, p50`, 'ms', ours, bare, ({ ms }) => quantile(ms, 0.5)),
        figure(`${name}, p99`, 'ms', ours, bare, ({ ms }) => quantile(ms, 0.99)),
      ];
    }),
    figure('processor time of a Get', 'µs', busy.ours, busy.bare, ({ cpuUsEach }) => cpuUsEach),
    figure('processor time of an update that changes nothing', 'µs', updating, busy.bare, r => r.cpuUsEach),
  ];
}

/** While its settings are fresh it sends nothing. */
const unchangedUpdate = (instance: string): WireCall =>
  wireCall(Privacy.updatePrivacySettings, {
    ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
    instance,
    ...encodeSettings(parseAssignments(['last_seen=all', 'status=all', 'profile=all'])),
  });

async function bareServer({ path }: WireCall, answer: Buffer): Promise<Server> {
  const file = fileURLToPath(new URL('../peers/bare-server.js', import.meta.url));
  const process = measured([file, path, answer.toString('base64')]);
  const [, address = ''] = await process.watch(/^listening on (\S+)/).reached(1);
  return { process, callers: callers(address, TOKEN) };
}
