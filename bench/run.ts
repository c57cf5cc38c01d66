// `npm run bench`: ratios against the ways of others. `-- --write` puts them into the documentation as well;
// `-- --quick` measures too little to rely on, and writes nothing; `-- --parked` measures parked instances alone, and
// `-- --watched` watched ones, which takes twenty minutes.
import { parseArgs } from 'node:util';
import { measureCalls } from './calls.js';
import { measureFleets } from './fleets.js';
import { measureParked } from './parked.js';
import { FULL, QUICK } from './plan.js';
import { asText } from './report.js';
import { setStage } from './stage.js';
import { measureStartUp } from './start-up.js';
import { isMet, unmeasured } from './targets.js';
import { measureUpdates } from './updates.js';
import { measureWatched } from './watched.js';
import { writePage, writeResults } from './write.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    write: { type: 'boolean' },
    parked: { type: 'boolean' },
    watched: { type: 'boolean' },
  },
});
const plan = values.quick ? QUICK : FULL;
const [apart] = [values.parked && plan.parked, values.watched && plan.watched].filter(one => !!one);
const sizes = apart ? [apart.size] : plan.fleets.map(({ size }) => size);
const [smallest = 0] = sizes;

const stage = await setStage([0, ...sizes]);
try {
  const figures = await wanted();
  console.log(asText(figures));
  process.exitCode = figures.some(figure => isMet(figure) === false) ? 1 : 0;
} finally {
  await stage.clear();
}
process.exit();

function wanted() {
  if (values.parked) return told('parked', measureParked(stage, plan.parked));
  if (values.watched) return told('watched', measureWatched(stage, plan.watched));
  return everything();
}

/** What the targets are about, and what stands in the documentation. */
async function everything() {
  const updates = await told('updates', measureUpdates(stage, smallest, plan.updates.rounds));
  const calls = await told('calls', measureCalls(stage, smallest, plan.calls));
  const fleets = await told('fleets', measureFleets(stage, plan));
  const startUp = await told('start-up', measureStartUp(stage, smallest, plan.startUp.rounds));
  const figures = [...updates, ...calls, ...fleets.figures, ...startUp];
  if (values.quick) return figures;

  const forgotten = unmeasured(figures);
  if (forgotten.length > 0) throw new Error(`not measured: ${forgotten.join(', ')}`);
  writeResults(figures);
  if (values.write) writePage(figures, fleets.comparisons);
  return figures;
}

/** Says how long each part takes; nobody waits ten minutes for a silent command. */
async function told<Result>(part: string, work: Promise<Result>): Promise<Result> {
  const started = performance.now();
  const result = await work;
  console.error(`${part}: measured in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return result;
}
