import fc from 'fast-check';
import type { Effect, Fault, NewAccount } from '../../../src/simulator/index.js';
import { effectOnGet, effectOnSet, isPatient, moment, oneOf, shortDeadline } from './plans.js';
import { audiencesOf, type Category } from './settings.js';

/** The settings that have a list. */
export const LISTED = ['last', 'status', 'profile', 'groupadd'] as const satisfies readonly Category[];
export type Listed = (typeof LISTED)[number];

/** Whoever may be on a list: digits of the phone number. */
export const PEOPLE = ['15550100901', '15550100902', '15550100903', '15550100904', '15550100905'] as const;
export type Person = (typeof PEOPLE)[number];

type Addressing = NonNullable<NewAccount['addressing']>;

/** A change on the phone, of the list or of the value. */
export type OnPhone = { readonly contacts: readonly Person[] } | { readonly value: string };

/** One change of a list and everything that goes wrong while it runs. */
export type ListPlan = {
  readonly category: Listed;
  /** What the phone sets before. A list that is away may come back. */
  readonly value: string;
  readonly before: readonly Person[];
  readonly addressing: Addressing;
  readonly add: readonly Person[];
  readonly remove: readonly Person[];
  readonly replace: boolean;
  /** Whether the change is meant for the list as it is now. */
  readonly hasEtag: boolean;
  readonly validateOnly: boolean;
  readonly deadlineMs: number;
  readonly faults: readonly Fault[];
  readonly meanwhile: readonly { readonly at: number; readonly what: OnPhone }[];
  readonly isPatient: boolean;
};

const some = fc.subarray([...PEOPLE]);

/** The phone changes the list just then. */
const phone = (category: Listed): fc.Arbitrary<Effect> =>
  fc.record({
    do: fc.constant('phone' as const),
    contacts: some.map(people => ({ [category]: people })),
    moment,
  });

const times = oneOf([5, fc.constant(1)], [2, fc.constant(2)], [1, fc.constant(99)]);
const after = oneOf([3, fc.constant(0)], [2, fc.integer({ min: 1, max: 3 })]);
const faultOn = (match: Fault['match'], effect: fc.Arbitrary<Effect>): fc.Arbitrary<Fault> =>
  fc.record({ match: fc.constant(match), effect, times, after });

const faultsFor = (category: Listed): fc.Arbitrary<readonly Fault[]> => {
  const onSet = fc.record({
    match: fc.constant<Fault['match']>({ on: 'privacy_set', category }),
    effect: oneOf([6, effectOnSet], [2, phone(category)]),
    times,
    after: oneOf([5, fc.constant(0)], [1, fc.constant(1)]),
  });
  const onRead = oneOf(
    [3, faultOn({ on: 'list_get', category }, oneOf([4, effectOnGet], [1, phone(category)]))],
    [2, faultOn({ on: 'privacy_get' }, oneOf([4, effectOnGet], [1, phone(category)]))],
    [2, faultOn({ on: 'iq', xmlns: 'usync' }, effectOnGet)],
  );
  // Nobody is told the list that the change leaves.
  const onReadBacks = fc.record({
    match: fc.constantFrom<Fault['match'][]>({ on: 'list_get', category }, { on: 'iq', xmlns: 'usync' }),
    effect: fc.constantFrom<Effect[]>({ do: 'refuse', code: 500 }, { do: 'silence' }, { do: 'reset' }),
    after: fc.constant(1),
    times: fc.constantFrom(1, 99),
  });
  return oneOf<readonly Fault[]>(
    [2, fc.constant([])],
    [2, onReadBacks.map(one => [one])],
    [2, onSet.map(one => [one])],
    [3, onRead.map(one => [one])],
    [2, fc.tuple(onSet, onRead)],
    [1, fc.tuple(onRead, onRead)],
  );
};

const onPhone = (category: Listed): fc.Arbitrary<OnPhone> =>
  oneOf<OnPhone>(
    [2, fc.record({ contacts: some })],
    [1, fc.record({ value: fc.constantFrom(...audiencesOf(category)) })],
  );

const plan: fc.Arbitrary<ListPlan> = fc.constantFrom(...LISTED).chain(category =>
  fc
    .record({
      category: fc.constant(category),
      value: oneOf([2, fc.constant('contact_blacklist')], [1, fc.constantFrom(...audiencesOf(category))]),
      before: some,
      addressing: fc.constantFrom<Addressing[]>('lid', 'lid', 'pn', 'either'),
      add: some,
      remove: some,
      replace: oneOf([2, fc.constant(false)], [1, fc.constant(true)]),
      hasEtag: oneOf([3, fc.constant(false)], [1, fc.constant(true)]),
      validateOnly: oneOf([9, fc.constant(false)], [1, fc.constant(true)]),
      deadlineMs: shortDeadline,
      faults: faultsFor(category),
      meanwhile: oneOf<ListPlan['meanwhile']>(
        [3, fc.constant([])],
        [
          1,
          fc.array(fc.record({ at: fc.nat(800), what: onPhone(category) }), { minLength: 1, maxLength: 2 }),
        ],
      ),
      isPatient,
    })
    .map(drawn => ({
      ...drawn,
      remove: drawn.replace ? [] : drawn.remove.filter(person => !drawn.add.includes(person)),
    }))
    .filter(({ replace, add, remove }) => replace || add.length + remove.length > 0),
);

/** The plan of a seed. */
export const listPlanOf = (seed: number): ListPlan =>
  fc.sample(plan, { seed, numRuns: 1, unbiased: true })[0] as ListPlan;
