import { writeFileSync } from 'node:fs';
import { table } from '../src/cli/output.js';
import { type Figures, ROUNDS, updateFigures } from './updates.js';

/** What the figures are held against: design targets, each a ratio of two medians of this run. */
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const spread = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`;

const { sequential, cold, fresh, unchanged }: Figures = await updateFigures();
const base = median(sequential.ms);
const rows = [
  { what: 'seven changes, snapshot to be read', ...cold, target: 0.42 },
  { what: 'seven changes, fresh snapshot', ...fresh, target: 0.3 },
  { what: 'seven settings unchanged', ...unchanged, target: 0.3 },
].map(({ what, ms, stanzas, target }) => {
  const ratio = median(ms) / base;
  return { what, medianMs: median(ms), spreadMs: spread(ms), stanzas, ratio, target, met: ratio <= target };
});

console.log(
  table(
    ['100 ms round trip', 'median ms', 'spread ms', 'stanzas', 'ratio', 'target'],
    [
      ['seven sets one after another, then a read', base.toFixed(0), spread(sequential.ms), '8', '1', ''],
      ...rows.map(row => [
        row.what,
        row.medianMs.toFixed(0),
        row.spreadMs,
        String(row.stanzas),
        row.ratio.toFixed(2),
        `${row.target}${row.met ? '' : ' MISSED'}`,
      ]),
    ],
  ),
);
console.log(`${ROUNDS} rounds, interleaved; one process holds service, caller and simulator`);
writeFileSync('bench/results.json', `${JSON.stringify({ baselineMs: base, rows }, null, 2)}\n`);
process.exit(rows.every(({ met }) => met) ? 0 : 1);
