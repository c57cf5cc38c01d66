import fc from 'fast-check';
import { OnFailure } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { audiencesOf, CATEGORIES, type Values } from '../../../faults/support/settings.js';

/** What befalls one node, or the database of all. */
export type Fault = {
  /** How long after the one before it begins; several can be under way at a time, but one for each node. */
  readonly afterMs: number;
} & (
  | { readonly on: number; readonly what: 'kill' | 'stop' | 'cut' }
  /** The process can do nothing, or nothing passes between it and the database. */
  | { readonly on: number; readonly what: 'freeze' | 'stall'; readonly forMs: number }
  | { readonly on: 'database'; readonly what: 'crash' | 'restart'; readonly forMs: number }
);

const node = fc.nat(2);
/** Below and beyond the time that a node may act for without being heard of, and that until it is taken for dead. */
const forMs = fc.constantFrom(500, 500, 2_000, 2_000, 5_000, 5_000, 12_000, 20_000);
const afterMs = fc.integer({ min: 100, max: 2_500 });

const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      on: node,
      what: fc.constantFrom('kill' as const, 'stop' as const, 'cut' as const),
      afterMs,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      on: node,
      what: fc.constantFrom('freeze' as const, 'stall' as const),
      forMs,
      afterMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      on: fc.constant('database' as const),
      what: fc.constantFrom('crash' as const, 'restart' as const),
      forMs: fc.constantFrom(0, 1_000, 4_000),
      afterMs,
    }),
  },
);

/** So many faults; the same for the same seed. */
export const faultsOf = (seed: number, count: number): readonly Fault[] =>
  fc.sample(fault, { seed, numRuns: count });

/** What a caller asks of one account. */
export type Wish = { readonly wishes: Values; readonly onFailure: OnFailure; readonly deadlineMs: number };

const DEADLINES_MS = [3_000, 10_000, 30_000];

const wish = (deadlinesMs: readonly number[]): fc.Arbitrary<Wish> =>
  fc.record({
    wishes: fc
      .subarray(CATEGORIES, { minLength: 1, maxLength: 4 })
      .chain(categories =>
        fc.record(
          Object.fromEntries(
            categories.map(category => [category, fc.constantFrom(...valuesWithoutList(category))]),
          ),
        ),
      ),
    onFailure: fc.constantFrom(OnFailure.STOP, OnFailure.CONTINUE, OnFailure.ROLL_BACK),
    deadlineMs: fc.constantFrom(...deadlinesMs),
  });

/** A value with a list of contacts is another test's. */
const valuesWithoutList = (category: (typeof CATEGORIES)[number]): string[] =>
  audiencesOf(category).filter(value => value !== 'contact_blacklist');

/** The wishes of one caller, one after another, without end. */
export function* wishesOf(seed: number, deadlinesMs = DEADLINES_MS): Generator<Wish> {
  for (let batch = 0; ; batch++)
    yield* fc.sample(wish(deadlinesMs), { seed: seed * 1_000 + batch, numRuns: 100 });
}
