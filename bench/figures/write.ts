import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Figure } from './figure.js';
import { type Panel, plot } from './plot.js';
import { asData, asMarkdown } from './report.js';

const PAGE = 'docs/performance.md';
const PLOT = 'docs/cost-per-instance.svg';
const RESULTS = 'bench/results.json';
/** Between these lines the page is ours. */
const MARKED = /(<!-- figures of npm run bench -->\n)[\s\S]*(<!-- end of the figures -->)/;

/** Where it was measured. */
const machine = () => {
  const [processor, ...others] = cpus();
  return { node: process.version, processor: processor?.model ?? '', processors: others.length + 1 };
};

export const writeResults = (figures: readonly Figure[]): void =>
  writeFileSync(RESULTS, `${JSON.stringify({ ...machine(), figures: asData(figures) }, null, 2)}\n`);

/** Puts the figures and the plot into the documentation. */
export function writePage(figures: readonly Figure[], panels: readonly Panel[]): void {
  const page = readFileSync(PAGE, 'utf8');
  if (!MARKED.test(page)) throw new Error(`${PAGE} has no place for the figures`);
  const { node, processor, processors } = machine();
  const where = `Measured on Node ${node}, ${processors} processors (${processor}).`;
  writeFileSync(
    PAGE,
    page.replace(MARKED, (_, start, end) => `${start}\n${where}\n\n${asMarkdown(figures)}\n\n${end}`),
  );
  writeFileSync(PLOT, plot(panels));
}
