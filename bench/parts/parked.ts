import { type Figure, quantile, sorted } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { instanceName } from '../stage/seed.js';
import type { Stage } from '../stage/stage.js';
import { warmGet } from '../stage/warm-gets.js';

/** Memory is looked at after so many calls. */
const LOOK_EVERY = 50;

/** Reads every instance of a node on which all are parked, so many at a time: each is connected for it. */
export async function measureParked(stage: Stage, { size, inFlight }: Plan['parked']): Promise<Figure[]> {
  const started = performance.now();
  const { process, api } = await stage.service(size, { WA_PRIVACY_CONNECTION_MODE: 'on_demand' });
  const serveMs = performance.now() - started;
  const parkedMb = process.rss() / 1e6;

  await stage.takeStanzas();
  const tookMs: number[] = [];
  let mostMb = 0;
  let next = 0;
  const callAfterCall = async () => {
    while (next < size) {
      const instance = instanceName(next++);
      const began = performance.now();
      await warmGet(api, instance);
      if (tookMs.push(performance.now() - began) % LOOK_EVERY === 0)
        mostMb = Math.max(mostMb, process.rss() / 1e6);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, callAfterCall));
  const stanzas = (await stage.takeStanzas()) / size;
  api.close();
  await process.stop();

  const figure = (name: string, unit: Figure['unit'], value: number): Figure => ({
    chapter: 'Parked instances',
    name: `${size} parked, ${name}`,
    unit,
    ours: [value],
  });
  return [
    figure('from the start of the process until it serves', 'ms', serveMs),
    figure('resident memory while nobody calls', 'MB', parkedMb),
    figure('resident memory at most, while each is read once', 'MB', mostMb),
    figure('p50 of a Get that connects', 'ms', quantile(sorted(tookMs), 0.5)),
    figure('p99 of a Get that connects', 'ms', quantile(sorted(tookMs), 0.99)),
    figure('stanzas of a Get that connects', 'stanzas', stanzas),
  ];
}
