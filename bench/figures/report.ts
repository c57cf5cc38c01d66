import { table } from '../../src/cli/terminal/output.js';
import { CHAPTERS, type Figure, median, ratios, type Summary, summary } from './figure.js';
import { isMet, targetOf } from './targets.js';

const HEAD = ['what', 'ours', 'against', 'theirs', 'ratio (least–most)', 'target', 'load'] as const;

/** The figures as tables for a terminal. */
export const asText = (figures: readonly Figure[]): string =>
  inChapters(figures)
    .map(([chapter, rows]) => `${chapter}\n${table(HEAD, rows)}`)
    .join('\n\n');

/** The figures as tables for Markdown. */
export const asMarkdown = (figures: readonly Figure[]): string =>
  inChapters(figures)
    .map(([chapter, rows]) =>
      [`### ${chapter}`, '', line(HEAD), line(HEAD.map(() => '---')), ...rows.map(line)].join('\n'),
    )
    .join('\n\n');

/** The figures as data, with what they came to. */
export const asData = (figures: readonly Figure[]) =>
  figures.map(figure => {
    const ratio = ratios(figure);
    const target = targetOf(figure);
    return { ...figure, ratio: ratio && summary(ratio), ...(target && { target, met: isMet(figure) }) };
  });

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const inChapters = (figures: readonly Figure[]): [string, string[][]][] =>
  CHAPTERS.flatMap(chapter => {
    const rows = figures.filter(figure => figure.chapter === chapter).map(cells);
    return rows.length > 0 ? [[chapter, rows]] : [];
  });

function cells(figure: Figure): string[] {
  const { name, unit, ours, against, load } = figure;
  const value = (values: readonly number[]) => `${round(median(values))} ${unit}`;
  const ratio = ratios(figure);
  return [
    name,
    value(ours),
    against?.what ?? '',
    against ? (against.missing ? `not measured: ${against.missing}` : value(against.values)) : '',
    ratio ? spread(summary(ratio)) : '',
    targetText(figure),
    load?.toFixed(1) ?? '',
  ];
}

/** A ratio to nothing, as of what the others have none of, says nothing. */
const spread = ({ median, least, most }: Summary): string =>
  Number.isFinite(median) ? `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})` : '';

/** Three digits that count, in plain writing. */
const round = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

const VERDICTS = { true: 'met', false: 'MISSED', undefined: 'not measured' } as const;

function targetText(figure: Figure): string {
  const target = targetOf(figure);
  if (!target) return '';
  const bound = 'atMost' in target ? `at most ${target.atMost}` : `at least ${target.atLeast}`;
  const unit = target.of === 'value' ? ` ${figure.unit}` : '';
  return `${bound}${unit}: ${VERDICTS[`${isMet(figure)}`]}`;
}
