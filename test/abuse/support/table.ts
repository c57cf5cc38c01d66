import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type Fare, quantile } from './honest.js';

/** What came of an attack. */
export type Row = {
  readonly name: string;
  readonly sentPerSecond: number;
  readonly fare: Fare;
  /** Of one processor, while it lasted. */
  readonly cpuShare: number;
  readonly rssMb: { readonly before: number; readonly most: number; readonly after: number };
  readonly linesPerSecond: number;
};

const PAGE = 'docs/security.md';
/** Between these lines the page is ours. */
const MARKED = /(<!-- figures of npm run test:abuse -->\n)[\s\S]*(<!-- end of the figures -->)/;
const HEAD = [
  'what is sent',
  'each second',
  'calls p50 / p99 ms',
  'new connection p50 ms',
  'failed',
  'processor',
  'MB before / most / after',
  'log lines each second',
];

/** The figures as a table for Markdown, the quiet time first. */
export function asTable(quiet: Fare, rows: readonly Row[]): string {
  const cells = [
    ['nothing', '', ...fared(quiet), '', '', ''],
    ...rows.map(({ name, sentPerSecond, fare, cpuShare, rssMb, linesPerSecond }) => [
      name,
      count(sentPerSecond),
      ...fared(fare),
      `${Math.round(cpuShare * 100)} %`,
      [rssMb.before, rssMb.most, rssMb.after].map(Math.round).join(' / '),
      linesPerSecond.toFixed(1),
    ]),
  ];
  return [HEAD, HEAD.map(() => '---'), ...cells].map(row => `| ${row.join(' | ')} |`).join('\n');
}

/** Puts the figures into the documentation. */
export function writeTable(quiet: Fare, rows: readonly Row[]): void {
  const page = readFileSync(PAGE, 'utf8');
  if (!MARKED.test(page)) throw new Error(`${PAGE} has no place for the figures`);
  const [processor, ...others] = cpus();
  const where = `Measured on Node ${process.version}, ${others.length + 1} processors (${processor?.model}).`;
  writeFileSync(
    PAGE,
    page.replace(MARKED, (_, start, end) => `${start}\n${where}\n\n${asTable(quiet, rows)}\n\n${end}`),
  );
}

const fared = ({ calls, newcomers, failures }: Fare): string[] => [
  `${quantile(calls, 0.5).toFixed(1)} / ${quantile(calls, 0.99).toFixed(1)}`,
  quantile(newcomers, 0.5).toFixed(1),
  `${failures.length} of ${calls.length + newcomers.length + failures.length}`,
];

const count = (value: number): string => Math.round(value).toLocaleString('en');
