import { describe, expect, test } from 'vitest';
import { ON_BAILEYS, OVER_WHATSMEOW } from '../../bench/figures/against.js';
import type { Figure } from '../../bench/figures/figure.js';
import { plot } from '../../bench/figures/plot.js';
import { asData, asMarkdown } from '../../bench/figures/report.js';
import { isMet, unmeasured } from '../../bench/figures/targets.js';

/** The figure with a target of at most 0.29. */
const changes = (ours: number[]): Figure => ({
  chapter: 'Changing settings',
  name: '7 mixed changes at 100 ms',
  unit: 'ms',
  ours,
  against: { what: 'one after another', values: [1000, 800, 400] },
  load: 1.26,
});
/** The figure with a target that is about one of those it is held against. */
const connected = (what: string): Figure => ({
  chapter: 'A fleet on one node',
  name: '1000 instances, all connected',
  unit: 'ms',
  ours: [900],
  against: { what, values: [300] },
});

describe('a figure of the bench', () => {
  test('is judged by the median of its ratios, round by round', () => {
    const [met] = asData([changes([250, 160, 400])]);
    expect(met).toMatchObject({ ratio: { median: 0.25, least: 0.2, most: 1 }, met: true });
    const [missed] = asData([changes([250, 400, 400])]);
    expect(missed).toMatchObject({ ratio: { median: 0.5, least: 0.25, most: 1 }, met: false });
  });

  test('says in the table whether its target was met, and how busy the machine was', () => {
    expect(asMarkdown([changes([300, 400, 400])])).toContain(
      '| 400 ms | one after another | 800 ms | 0.50 (0.30–1.00) | at most 0.29: MISSED | 1.3 |',
    );
  });

  test('without a target is neither met nor missed', () => {
    const [figure] = asData([{ ...changes([1, 1, 1]), name: 'another' }]);
    expect(figure).not.toHaveProperty('met');
  });

  test('has a target only beside what the target is about', () => {
    const [one, other] = asData([connected(OVER_WHATSMEOW), connected(ON_BAILEYS)]);
    expect(one).toMatchObject({ met: false });
    expect(other).not.toHaveProperty('met');
  });

  test('says why there is nothing beside it, and is then neither met nor missed', () => {
    const figure: Figure = {
      ...changes([300]),
      against: { what: OVER_WHATSMEOW, values: [], missing: 'Go is not installed' },
    };
    expect(asMarkdown([figure])).toContain(
      '| not measured: Go is not installed |  | at most 0.29: not measured |',
    );
    expect(isMet(figure)).toBeUndefined();
  });
});

test('a target that no figure was measured for is told', () => {
  expect(unmeasured([changes([1])])).not.toContain('7 mixed changes at 100 ms');
  expect(unmeasured([changes([1])])).toContain('1 change at 100 ms');
  expect(unmeasured([connected(ON_BAILEYS)])).toContain('1000 instances, all connected');
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
