import fc from 'fast-check';
import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Effect, Fault } from '../../../src/simulator/index.js';
import { audiencesOf, CATEGORIES, type Category, type Values } from './settings.js';

/** One of the callers that want something of one instance at about the same time. */
export type HustlingCaller = {
  readonly wishes: Values;
  readonly onFailure: OnFailure;
  readonly startAfterMs: number;
  readonly cancelAfterMs: number | undefined;
};

export type Hustle = { readonly callers: readonly HustlingCaller[]; readonly faults: readonly Fault[] };

/** Without late changes and lies, after which no order is to be had. */
export const effect = fc.constantFrom<Effect[]>(
  { do: 'refuse', code: 403 },
  { do: 'refuse_category', code: 409 },
  { do: 'refuse_category', code: 500, applied: true },
  { do: 'refuse', code: 503, applied: false },
  { do: 'silence', moment: 'before_apply' },
  { do: 'silence', moment: 'after_apply' },
  { do: 'delay', ms: 150, moment: 'after_apply' },
  { do: 'delay', ms: 60, moment: 'after_apply' },
  { do: 'stream_error', code: 515, moment: 'before_apply' },
  { do: 'stream_error', code: 515, moment: 'after_apply' },
  { do: 'close', moment: 'after_apply' },
  { do: 'lie', lie: 'empty', applied: true },
);

const fault: fc.Arbitrary<Fault> = fc.record({
  match: fc.constantFrom<Fault['match'][]>(
    { on: 'privacy_set' },
    { on: 'privacy_set' },
    { on: 'privacy_set' },
    { on: 'privacy_get' },
  ),
  effect,
  after: fc.nat(12),
});

const caller = (wishes: fc.Arbitrary<Values>): fc.Arbitrary<HustlingCaller> =>
  fc.record({
    wishes,
    onFailure: fc.constantFrom(OnFailure.STOP, OnFailure.CONTINUE, OnFailure.ROLL_BACK),
    startAfterMs: fc.oneof(fc.constant(0), fc.nat(400)),
    cancelAfterMs: fc.option(fc.nat(300), { freq: 5, nil: undefined }),
  });
const valuesFor = (categories: readonly Category[]): fc.Arbitrary<Values> =>
  fc.record(
    Object.fromEntries(categories.map(category => [category, fc.constantFrom(...audiencesOf(category))])),
  );

const faults = fc.array(fault, { maxLength: 4 });
/** What a seed draws. */
export const one = <T>(arbitrary: fc.Arbitrary<T>, seed: number): T =>
  fc.sample(arbitrary, { seed, numRuns: 1, unbiased: true })[0] as T;

/** Many callers that want different values of the same settings. */
export const crowd = (seed: number): Hustle =>
  one(
    fc.record({
      callers: fc.array(caller(fc.subarray(CATEGORIES, { minLength: 1, maxLength: 4 }).chain(valuesFor)), {
        minLength: 8,
        maxLength: 50,
      }),
      faults,
    }),
    seed,
  );

/** A few callers, each with settings of its own, so that every stanza tells whose it is. */
export const neighbours = (seed: number): Hustle =>
  one(
    fc
      .tuple(
        fc.shuffledSubarray(CATEGORIES, { minLength: CATEGORIES.length }),
        fc.integer({ min: 2, max: 4 }),
      )
      .chain(([categories, count]) => {
        const shares = Array.from({ length: count }, (_, share) =>
          categories.filter((_category, index) => index % count === share),
        );
        return fc.record({ callers: fc.tuple(...shares.map(share => caller(valuesFor(share)))), faults });
      }),
    seed,
  );
