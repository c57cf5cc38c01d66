import { describe, expect, test } from 'vitest';
import type { Figure } from '../../bench/figures/figure.js';
import { plot } from '../../bench/figures/plot.js';
import { asData, asMarkdown } from '../../bench/figures/report.js';

/** The figure with a target of at most 0.42. */
const changes = (ours: number[]): Figure => ({
  chapter: 'Changing settings at 100 ms round trip',
  name: '7 changes, settings to be read first',
  unit: 'ms',
  ours,
  against: { what: 'one after another', values: [1000, 800, 400] },
});

describe('a figure of the bench', () => {
  test('is judged by the median of its ratios, round by round', () => {
    const [met] = asData([changes([300, 240, 400])]);
    expect(met).toMatchObject({ ratio: { median: 0.3, least: 0.3, most: 1 }, met: true });
    const [missed] = asData([changes([300, 400, 400])]);
    expect(missed).toMatchObject({ ratio: { median: 0.5, least: 0.3, most: 1 }, met: false });
  });

  test('says in the table whether its target was met', () => {
    expect(asMarkdown([changes([300, 400, 400])])).toContain(
      '| 400 ms | one after another | 800 ms | 0.50 (0.30–1.00) | at most 0.42: MISSED |',
    );
  });

  test('without a target is neither met nor missed', () => {
    const [figure] = asData([{ ...changes([1, 1, 1]), name: 'another' }]);
    expect(figure).not.toHaveProperty('met');
  });
});

test('the plot has each size, each line by name, and no value outside the picture', () => {
  const line = (name: string, ys: number[]) => ({
    name,
    points: ys.map((y, index) => ({ x: 10 ** (index + 1), y })),
  });
  const svg = plot([
    { title: 'Memory', unit: 'kB', lines: [line('ours', [9, 7, 730]), line('a<b', [1, 2, 3])] },
  ]);
  for (const text of ['>10<', '>100<', '>1000<', '>ours<', '>a&lt;b<', '>Memory (kB)<'])
    expect(svg).toContain(text);
  const heights = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(heights).toHaveLength(6);
  expect(Math.min(...heights)).toBeGreaterThan(0);
  expect(Math.max(...heights)).toBeLessThan(260);
});
