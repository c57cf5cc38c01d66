import fc from 'fast-check';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import { BLOCKED_BY } from './block.js';
import { one } from './hustles.js';
import { audiencesOf, CATEGORIES, type Category, type Values, wished } from './settings.js';
import { timelineOf } from './timeline.js';
import type { Answer } from './updates.js';

/** Who wants settings of his own to be changed, with a token that ends, if it does, so long after his call. */
type Holder = {
  readonly wishes: Values;
  readonly isOfInstance: boolean;
  readonly endsAfterMs: number | undefined;
  readonly how: 'revoked' | 'rotated';
};

/** Some callers that wait for the end of another update. */
export type Revocation = {
  readonly blockedForMs: number;
  readonly holders: readonly Holder[];
  /** How long WhatsApp takes for each of their changes. */
  readonly slowMs: number;
};

const CHANGED = CATEGORIES.filter(category => category !== BLOCKED_BY && category !== 'disappearing_mode');

/** The end of the narrow side, or of the wide one: most orders have both, which leave one after the other. */
const wishesFor = (categories: readonly Category[]): fc.Arbitrary<Values> =>
  fc.record(
    Object.fromEntries(
      categories.map(category => [category, fc.constantFrom('all', audiencesOf(category).at(-1) ?? '')]),
    ),
  );
/** From where such a wish is a change. */
export const startOf = (wishes: Values): Values =>
  Object.fromEntries(
    wished(wishes).map(category => [
      category,
      wishes[category] === 'all' ? audiencesOf(category).at(-1) : 'all',
    ]),
  );

const revocation: fc.Arbitrary<Revocation> = fc
  .tuple(fc.shuffledSubarray(CHANGED, { minLength: CHANGED.length }), fc.integer({ min: 2, max: 4 }))
  .chain(([categories, count]) =>
    fc.record({
      blockedForMs: fc.integer({ min: 800, max: 2_000 }),
      slowMs: fc.constantFrom(0, 400, 800),
      holders: fc.tuple(
        ...Array.from({ length: count }, (_, share) =>
          fc.record({
            wishes: wishesFor(categories.filter((_category, index) => index % count === share)),
            isOfInstance: fc.boolean(),
            endsAfterMs: fc.option(fc.nat(2_500), { freq: 3, nil: undefined }),
            how: fc.constantFrom('revoked' as const, 'rotated' as const),
          }),
        ),
      ),
    }),
  );

export const revocationOf = (seed: number): Revocation => one(revocation, seed);

/** What came of one of them; times in epoch milliseconds. */
export type Held = Holder & {
  readonly answer: Answer;
  /** When the end of the token was confirmed. */
  readonly endTime: number | undefined;
};

/** A stanza may be on its way when the token ends. */
const UNDER_WAY_MS = 150;

/** Nothing is sent for whose token has ended; the others get what they want. */
export function revocationFaults(
  held: readonly Held[],
  before: Values,
  events: readonly PrivacyEvent[],
): string[] {
  const { sets } = timelineOf(before, events);
  return held.flatMap(({ wishes, answer, endTime = Number.POSITIVE_INFINITY }) => {
    const own = sets.filter(({ category }) => category in wishes);
    const late = own.filter(({ asked }) => (events[asked]?.time ?? 0) > endTime + UNDER_WAY_MS);
    const isEnded = endTime < Number.POSITIVE_INFINITY;
    return [
      ...late.map(({ category }) => `${category} was sent after the token had ended`),
      ...(!isEnded && answer.reason ? [`a call with a sound token ended with ${answer.reason}`] : []),
      ...(isEnded && own.length === 0 && answer.reason !== 'TOKEN_INVALID'
        ? [`a call whose token had ended before its turn ended with ${answer.reason}`]
        : []),
    ];
  });
}
