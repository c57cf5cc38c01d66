/** The parts of the table, in order. */
export const CHAPTERS = [
  'Changing settings',
  'Many updates at a time',
  'Calls answered from memory',
  'A fleet on one node',
  'Growth',
  'Start-up',
  'What an OK is worth',
  'Parked instances',
  'Watched instances',
  'Several nodes',
] as const;

/** One thing measured, beside what it is held against in the same run. */
export type Figure = {
  readonly chapter: (typeof CHAPTERS)[number];
  /** Names it in the results and in `TARGETS`; held against several, it stands there for each of them. */
  readonly name: string;
  readonly unit: 'ms' | 'µs' | 'calls/s' | 'updates/s' | 'kB' | 'MB' | '%' | 'stanzas' | 'answers';
  /** By round. */
  readonly ours: readonly number[];
  /** Left out where the number itself is what counts. */
  readonly against?: Against;
  /** The machine's load while it was measured, this bench's own included. */
  readonly load?: number;
};

/** What a figure is held against. */
export type Against = {
  readonly what: string;
  /** By round, each measured beside the same round of ours. */
  readonly values: readonly number[];
  /** Why there are no values. */
  readonly missing?: string | undefined;
};

/** The same thing beside each of several. */
export const besideEach = (figure: Omit<Figure, 'against'>, all: readonly Against[]): Figure[] =>
  all.map(against => ({ ...figure, against }));

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

/** Ours by theirs, round by round; undefined when there is nothing that the figure is held against. */
export function ratios({ ours, against }: Figure): number[] | undefined {
  const both = against?.values.flatMap((theirs, round) =>
    ours[round] === undefined ? [] : [ours[round] / theirs],
  );
  return both && both.length > 0 ? both : undefined;
}
