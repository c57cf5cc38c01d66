// `npm run bench`: ratios against the ways of others. `-- --write` puts them into the documentation as well;
// `-- --quick` measures too little to rely on, and writes nothing; `-- --only PART` measures one part of it, or one that
// a whole run leaves out, and may be given several times.
import { parseArgs } from 'node:util';
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
  const comparisons = measurements.flatMap(measurement => measurement.comparisons ?? []);
  if (values.write) writePage(figures, comparisons);
}

function named(name: string): Part & { name: string } {
  const all = { ...WHOLE, ...APART };
  const part = all[name];
  if (!part) throw new Error(`${name} is not a part of the bench; there are ${Object.keys(all).join(', ')}`);
  return { name, ...part };
}

/** Measures one part on a stage of its own, and says how long that took: nobody waits for a silent command. */
async function measured({ name, sizes, measure }: ReturnType<typeof named>): Promise<Measurement> {
  const started = performance.now();
  const stage = await setStage(sizes(plan));
  try {
    return await measure(stage, plan);
  } finally {
    await stage.clear();
    console.error(`${name}: measured in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}
