/** The parts of the table, in order. */
export const CHAPTERS = [
  'Changing settings at 100 ms round trip',
  'Calls answered from memory',
  'A fleet on one node',
  'Growth',
  'Parked instances',
  'Watched instances',
  'Start-up',
] as const;

/** One thing measured, beside what it is held against in the same run. */
export type Figure = {
  readonly chapter: (typeof CHAPTERS)[number];
  /** Names it in the results and in `TARGETS`. */
  readonly name: string;
  readonly unit: 'ms' | 'µs' | 'calls/s' | 'kB' | 'MB' | '%' | 'stanzas';
  /** By round. */
  readonly ours: readonly number[];
  /** By round, each measured beside the same round of ours. Left out where the number itself is what counts. */
  readonly against?: { readonly what: string; readonly values: readonly number[] };
};

/** What came of several rounds. */
export type Summary = { readonly median: number; readonly least: number; readonly most: number };

export const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** The value that this share of the values, which are in order, does not exceed. */
export const quantile = (inOrder: readonly number[], share: number): number =>
  inOrder[Math.min(Math.floor(inOrder.length * share), inOrder.length - 1)] ?? Number.NaN;

export const median = (values: readonly number[]): number => quantile(sorted(values), 0.5);

export const summary = (values: readonly number[]): Summary => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

/** Ours by theirs, round by round; undefined when the figure is held against nothing. */
export const ratios = ({ ours, against }: Figure): number[] | undefined =>
  against?.values.flatMap((theirs, round) => (ours[round] === undefined ? [] : [ours[round] / theirs]));
