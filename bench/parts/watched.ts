import { setTimeout as sleep } from 'node:timers/promises';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';
import type { Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import type { Stage } from '../stage/stage.js';

/** After the first settings of all were told. */
const SETTLE_MS = 2_000;
/** Longer than any run: pushes are trusted for ever. */
const NO_BOUND = '999999999';

/** Watches a whole fleet on which nothing happens, with the bound on the trust in pushes and then without. */
export async function measureWatched(stage: Stage, plan: Plan['watched']): Promise<Figure[]> {
  const { size, trustSeconds } = plan;
  const ours = await idleWatched(stage, plan, trustSeconds === undefined ? undefined : `${trustSeconds}`);
  const theirs = await idleWatched(stage, plan, NO_BOUND);
  const what = 'the same, pushes trusted for ever';
  const figure = (name: string, unit: Figure['unit'], of: keyof typeof ours): Figure => ({
    chapter: 'Watched instances',
    name: `${size} watched, ${name}`,
    unit,
    ours: [ours[of]],
    ...(of === 'cpuPercent' && { against: { what, values: [theirs[of]] } }),
  });
  return [
    figure('processor when idle', '%', 'cpuPercent'),
    figure('stanzas to WhatsApp meanwhile', 'stanzas', 'stanzas'),
  ];
}

async function idleWatched(stage: Stage, { size, forMs }: Plan['watched'], trustSeconds: string | undefined) {
  const env = trustSeconds === undefined ? undefined : { WA_PRIVACY_PUSH_TRUST_SECONDS: trustSeconds };
  const { api, process, connectMs } = await stage.service(size, env);
  await connectMs;
  const allTold = Promise.withResolvers<void>();
  void watchAll(api, size, allTold.resolve).catch(allTold.reject); // It ends with the process.
  await allTold.promise;
  await sleep(SETTLE_MS);

  await stage.takeStanzas();
  const [cpu, started] = [process.cpuSeconds(), performance.now()];
  await sleep(forMs);
  const cpuPercent = ((process.cpuSeconds() - cpu) / (performance.now() - started)) * 1000 * 100;
  const stanzas = await stage.takeStanzas();
  api.close();
  await process.stop();
  return { cpuPercent, stanzas };
}

/** Watches every instance until the stream ends; calls `told` when it has had the settings of so many. */
async function watchAll(api: Api, size: number, told: () => void): Promise<void> {
  const instances = new Set<string>();
  const request = { instances: [], heartbeatInterval: undefined, labelSelector: '' };
  for await (const { instance, event } of api.stream(Privacy.watchPrivacySettings, request))
    if (event?.$case === 'snapshot' && instances.add(instance).size === size) told();
}
