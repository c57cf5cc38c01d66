// `npm run bench`: ratios against the ways of others. `-- --write` puts them into the documentation as well;
// `-- --quick` measures too little to rely on, and writes nothing; `-- --only PART` measures one part of it, or one that
// a whole run leaves out, and may be given several times.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './figures/figure.js';
import { asText } from './figures/report.js';
import { isMet, unmeasured } from './figures/targets.js';
import { writePage, writeResults } from './figures/write.js';
import { APART, type Measurement, type Part, WHOLE } from './parts.js';
import { FULL, QUICK } from './plan.js';
import { setStage } from './stage/stage.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    write: { type: 'boolean' },
    only: { type: 'string', multiple: true },
  },
});
const LOAD_EVERY_MS = 2_000;
const plan = values.quick ? QUICK : FULL;
const parts = (values.only ?? Object.keys(WHOLE)).map(named);

const measurements: Measurement[] = [];
for (const part of parts) measurements.push(await measured(part));
const figures = measurements.flatMap(measurement => measurement.figures);
console.log(asText(figures));
if (!values.quick && !values.only) publish();
process.exit(figures.some(figure => isMet(figure) === false) ? 1 : 0);

/** Lets a whole run be read later. */
function publish(): void {
  const forgotten = unmeasured(figures);
  if (forgotten.length > 0) throw new Error(`not measured: ${forgotten.join(', ')}`);
  writeResults(figures);
  if (values.write)
    writePage(
      figures,
      measurements.flatMap(({ panels }) => panels ?? []),
    );
}

function named(name: string): Part & { name: string } {
  const all = { ...WHOLE, ...APART };
  const part = all[name];
  if (!part) throw new Error(`${name} is not a part of the bench; there are ${Object.keys(all).join(', ')}`);
  return { name, ...part };
}

/** Measures one part on a stage of its own, and says how long that took: nobody waits for a silent command. */
async function measured({ name, cast, measure }: ReturnType<typeof named>): Promise<Measurement> {
  const started = performance.now();
  const stage = await setStage(cast(plan));
  const loads = [loadavg()[0] ?? 0];
  const looking = setInterval(() => loads.push(loadavg()[0] ?? 0), LOAD_EVERY_MS);
  try {
    const measurement = await measure(stage, plan);
    const load = median(loads);
    return { ...measurement, figures: measurement.figures.map(figure => ({ ...figure, load })) };
  } finally {
    clearInterval(looking);
    await stage.clear();
    console.error(`${name}: measured in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}
