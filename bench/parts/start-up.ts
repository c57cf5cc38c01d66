import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { type Against, besideEach, type Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { BIN, type Cast, type Stage, TOKEN } from '../stage/stage.js';

const NOTHING = 'node -e 0';
const SETTLE_MS = 1_000;

export const castOf = ({ size }: Plan['startUp']): Cast => ({ services: [0, 1, size], peers: size });

/** Times the service until it listens and answers, and a command, beside the peers and a Node that does nothing. */
export async function measureStartUp(stage: Stage, { size, rounds }: Plan['startUp']): Promise<Figure[]> {
  const nothing: number[] = [];
  const command: number[] = [];
  const answered: number[] = [];
  const sizes = [0, size].map(count => ({ count, ours: [] as number[], peers: stage.peers.map(newSeries) }));
  const resident = { ours: [] as number[], peers: stage.peers.map(newSeries) };
  for (let round = 0; round < rounds; round++) {
    nothing.push(await timed(() => run(['-e', '0'])));
    for (const { count, ours, peers } of sizes) {
      for (const [index, { missing, start }] of stage.peers.entries()) {
        if (missing !== undefined) continue;
        const peer = await start(count);
        peers[index]?.push(peer.listenMs);
        if (count === 0) resident.peers[index]?.push(await residentMb(peer.process));
        await peer.stop();
      }
      const service = await stage.service(count);
      ours.push(service.listenMs);
      if (count === 0) resident.ours.push(await residentMb(service.process));
      await service.stop();
    }
    const started = performance.now();
    const service = await stage.service(1);
    await service.api.call(Instances.listInstances, Instances.listInstances.requestDeserialize(Buffer.of()));
    answered.push(performance.now() - started);
    await service.connectMs;
    const env = { WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: TOKEN };
    command.push(await timed(() => run([BIN, 'instance', 'list', '--json'], env)));
    await service.stop();
  }

  const figure = (name: string, unit: Figure['unit'], ours: number[]) =>
    ({ chapter: 'Start-up', name, unit, ours }) as const;
  const beside = (series: readonly number[][]) =>
    stage.peers.map(({ what, missing }, index): Against => ({ what, missing, values: series[index] ?? [] }));
  const least: Against = { what: NOTHING, values: nothing };
  return [
    ...sizes.flatMap(({ count, ours, peers }) =>
      besideEach(figure(`listening, ${count === 0 ? 'no instance' : `${count} instances`}`, 'ms', ours), [
        ...beside(peers),
        least,
      ]),
    ),
    { ...figure('the first answer, one instance', 'ms', answered), against: least },
    { ...figure('a command, from its start to its end', 'ms', command), against: least },
    ...besideEach(figure('an empty process, resident memory', 'MB', resident.ours), beside(resident.peers)),
  ];
}

const newSeries = (): number[] => [];

async function residentMb({ rss }: { readonly rss: () => number }): Promise<number> {
  await sleep(SETTLE_MS);
  return rss() / 1e6;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
}
