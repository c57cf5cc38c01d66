import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Figure } from '../figures/figure.js';
import { BIN, type Stage, TOKEN } from '../stage/stage.js';

const LEAST = 'node -e 0';

/** Times the service to its first answer and a command to its end, each beside a Node that does nothing. */
export async function measureStartUp(stage: Stage, size: number, rounds: number): Promise<Figure[]> {
  const nothing: number[] = [];
  const answered: number[] = [];
  const command: number[] = [];
  for (let round = 0; round < rounds; round++) {
    nothing.push(await timed(() => run(['-e', '0'])));
    const started = performance.now();
    const service = await stage.service(size);
    await service.api.call(Instances.listInstances, Instances.listInstances.requestDeserialize(Buffer.of()));
    answered.push(performance.now() - started);
    await service.connectMs;
    const env = { WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: TOKEN };
    command.push(await timed(() => run([BIN, 'instance', 'list', '--json'], env)));
    service.api.close();
    await service.process.stop();
  }
  const figure = (name: string, ours: number[]) =>
    ({ chapter: 'Start-up', name, unit: 'ms', ours, against: { what: LEAST, values: nothing } }) as const;
  return [
    figure('service, from its start to the first answer', answered),
    figure('command, from its start to its end', command),
  ];
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
