import fc from 'fast-check';
import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Effect, Fault, Lie } from '../../../src/simulator/index.js';
import { audiencesOf, CATEGORIES, type Category, type Values, wished } from './settings.js';

/** One update and everything that goes wrong while it runs. */
export type Plan = {
  /** What the phone sets before the update. */
  readonly start: Values;
  /** Whom the lists except of the settings that start with contact_blacklist; nobody when not said. */
  readonly excepting?: readonly string[];
  /** Whether somebody reads before the update, which then spares its own read. */
  readonly readBefore: boolean;
  readonly wishes: Values;
  readonly onFailure: OnFailure;
  readonly deadlineMs: number;
  readonly faults: readonly Fault[];
  /** What the phone changes meanwhile, so long after the call, or when the first set arrives. */
  readonly meanwhile: readonly { readonly at: number | 'first set'; readonly values: Values }[];
  /** Whether what WhatsApp holds back is waited for; else the connection is broken before that. */
  readonly isPatient: boolean;
  readonly cancelAfterMs: number | undefined;
  /** When somebody calls ReconnectInstance. */
  readonly reconnectAfterMs: number | undefined;
  /** Whether what has no answer then is left alone; else its connection is broken, which ends it. */
  readonly isLeftAlone?: boolean;
  /** Whether the phone, when all is over, makes the changes that the update did not make. */
  readonly hasEpilogue?: boolean;
};

const valuesFor = (categories: readonly Category[]): fc.Arbitrary<Values> =>
  fc.record(
    Object.fromEntries(categories.map(category => [category, fc.constantFrom(...audiencesOf(category))])),
  );
const some = (minLength: number, maxLength: number = CATEGORIES.length): fc.Arbitrary<Values> =>
  fc.subarray(CATEGORIES, { minLength, maxLength }).chain(valuesFor);

export const moment = fc.constantFrom(
  'before_apply' as const,
  'after_apply' as const,
  'after_reply' as const,
);
const applied = fc.boolean();
export const oneOf = <T>(...weighted: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** What can happen to any stanza. 405 and HTTP 429 are left out: they stop the dials of the whole node. */
const accident: fc.Arbitrary<Effect> = oneOf<Effect>(
  [4, fc.record({ do: fc.constant('silence' as const), moment })],
  [3, fc.record({ do: fc.constantFrom('close' as const, 'reset' as const), moment })],
  [1, fc.record({ do: fc.constant('half_open' as const), moment })],
  [1, fc.record({ do: fc.constantFrom('undecodable' as const, 'undecryptable' as const), moment })],
  [
    3,
    fc.record({
      do: fc.constant('delay' as const),
      ms: oneOf([3, fc.nat(300)], [3, fc.nat(2_000)], [1, fc.integer({ min: 2_000, max: 4_000 })]),
      moment,
    }),
  ],
  [
    3,
    fc.record(
      { do: fc.constant('stream_error' as const), code: fc.constantFrom(500, 503, 515, 999), moment },
      { requiredKeys: ['do', 'moment'] },
    ),
  ],
  [1, fc.record({ do: fc.constant('stream_error' as const), conflict: fc.constant('replaced'), moment })],
  [1, fc.constant({ do: 'two_in_one' as const })],
);

/** Codes below 500 say that nothing was changed, which is a lie where `applied` is true; from 500 they say nothing. */
const refusalOfSet = (kind: 'refuse' | 'refuse_category'): fc.Arbitrary<Effect> =>
  oneOf<Effect>(
    [6, fc.record({ do: fc.constant(kind), code: fc.constantFrom(400, 401, 403, 404, 409, 423, 463) })],
    [1, fc.record({ do: fc.constant(kind), code: fc.constantFrom(400, 403, 409), applied })],
    [3, fc.record({ do: fc.constant(kind), code: fc.constantFrom(500, 503, 530), applied })],
  );

const lieAboutSet: fc.Arbitrary<Effect> = fc.record({
  do: fc.constant('lie' as const),
  lie: fc.constantFrom<Lie[]>(
    'confirm',
    'wrong_name',
    'other_value',
    'unknown_value',
    'two_categories',
    'empty',
    'no_privacy',
    'text',
  ),
  applied,
});

/** A change that takes effect when nobody waits for it any more; with its reply, or without one. */
const late: fc.Arbitrary<Effect> = fc.record({
  do: fc.constantFrom('late' as const, 'delay' as const),
  ms: oneOf(
    [6, fc.constant(1_000)],
    [3, fc.constant(3_000)],
    [1, fc.constant(8_000)],
    [1, fc.constant(15_000)],
  ),
});

/** The phone changes something just then, also what the update only wants to stay as it is. */
const phone: fc.Arbitrary<Effect> = fc.record({
  do: fc.constant('phone' as const),
  settings: fc
    .subarray(
      CATEGORIES.filter(category => category !== 'disappearing_mode'),
      { minLength: 1, maxLength: 3 },
    )
    .chain(valuesFor)
    .map(values => values as Record<string, string>),
  moment,
});

export const effectOnSet: fc.Arbitrary<Effect> = oneOf<Effect>(
  [6, accident],
  [3, late],
  [2, phone],
  [2, refusalOfSet('refuse')],
  [2, refusalOfSet('refuse_category')],
  [1, fc.record({ do: fc.constant('refuse' as const), applied })],
  [2, lieAboutSet],
);

/** The values in the reply to a read are true where there are any: against a false one there is no proof at all. */
export const effectOnGet: fc.Arbitrary<Effect> = oneOf<Effect>(
  [5, accident],
  [1, phone],
  [2, fc.record({ do: fc.constant('refuse' as const), code: fc.constantFrom(400, 403, 500, 503) })],
  [
    1,
    fc.record({
      do: fc.constant('refuse_category' as const),
      code: fc.constantFrom(403, 500),
      category: fc.constantFrom(...CATEGORIES),
    }),
  ],
  [
    1,
    fc.record({
      do: fc.constant('lie' as const),
      lie: fc.constantFrom<Lie[]>('empty', 'no_privacy', 'text', 'two_categories'),
    }),
  ],
);

const times = oneOf([5, fc.constant(1)], [2, fc.constant(2)], [1, fc.constant(99)]);
const after = oneOf([4, fc.constant(0)], [1, fc.integer({ min: 1, max: 4 })]);

const setOf = (category: Category): Fault['match'] =>
  category === 'disappearing_mode'
    ? { on: 'iq', xmlns: 'disappearing_mode', type: 'set' }
    : { on: 'privacy_set', category };
const faultOnSet = (wishes: Values): fc.Arbitrary<Fault> =>
  fc.record({
    match: oneOf<Fault['match']>(
      [4, fc.constantFrom(...wished(wishes)).map(setOf)],
      [1, fc.constant({ on: 'privacy_set' })],
    ),
    effect: effectOnSet,
    times,
    after: oneOf([6, fc.constant(0)], [1, after]),
  });
const faultOfCut = (wishes: Values): fc.Arbitrary<Fault> =>
  fc.record({
    match: fc.constantFrom(...wished(wishes)).map(setOf),
    effect: fc.record({ do: fc.constantFrom('close' as const, 'reset' as const), moment }),
    times: oneOf([6, fc.constant(1)], [1, fc.constant(2)], [1, fc.constant(99)]),
    after: fc.constant(0),
  });
const faultOnGet: fc.Arbitrary<Fault> = fc.record({
  match: oneOf<Fault['match']>(
    [6, fc.constant({ on: 'privacy_get' })],
    [1, fc.constant({ on: 'iq', xmlns: 'disappearing_mode', type: 'get' })],
  ),
  effect: effectOnGet,
  times,
  after,
});
/** Every read behind the changes fails. */
const faultOnReadBacks: fc.Arbitrary<Fault> = fc.record({
  match: fc.constant({ on: 'privacy_get' as const }),
  effect: fc.constantFrom<Effect[]>(
    { do: 'refuse', code: 500 },
    { do: 'silence' },
    { do: 'lie', lie: 'empty' },
  ),
  after: fc.nat(1),
  times: fc.constant(99),
});
/** The next connection fails: at the upgrade and the hello whoever dials next is hit. */
const faultOnConnecting: fc.Arbitrary<Fault> = oneOf<Fault>(
  [
    2,
    fc.record({
      match: fc.constant({ on: 'upgrade' as const }),
      effect: fc.constantFrom<Effect[]>(
        { do: 'close' },
        { do: 'reset' },
        { do: 'http', status: 500 },
        { do: 'http', status: 503 },
      ),
    }),
  ],
  [
    1,
    fc.record({
      match: fc.constant({ on: 'hello' as const }),
      effect: fc.constantFrom<Effect[]>({ do: 'close' }, { do: 'reset' }, { do: 'undecodable' }),
    }),
  ],
  [
    3,
    fc.record({
      match: fc.constant({ on: 'login' as const }),
      effect: fc.constantFrom<Effect[]>(
        { do: 'close' },
        { do: 'reset' },
        { do: 'delay', ms: 200 },
        { do: 'failure', reason: 500 },
        { do: 'failure', reason: 503 },
        { do: 'stream_error', code: 515 },
      ),
      times: fc.constantFrom(1, 2),
    }),
  ],
);

const faultsOf = (wishes: Values): fc.Arbitrary<readonly Fault[]> =>
  oneOf<readonly Fault[]>(
    [2, fc.constant([])],
    [
      8,
      fc.array(oneOf([6, faultOnSet(wishes)], [4, faultOnGet], [1, faultOnConnecting]), {
        minLength: 1,
        maxLength: 3,
      }),
    ],
    // A change about which nothing certain is heard at first: its reply, and then the reads that would tell.
    [2, fc.tuple(faultOnSet(wishes), faultOnGet)],
    // Changes that no read shows until all is over.
    [1, faultOnReadBacks.map(one => [one])],
    // A connection that ends with a change under way and comes back, once or for ever.
    [3, faultOfCut(wishes).map(one => [one])],
    // A connection that ends and does not come back at once.
    [2, fc.tuple(faultOnSet(wishes), faultOnConnecting)],
  );

const sometimes = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  oneOf<T | undefined>([weight, arbitrary], [10 - weight, fc.constant(undefined)]);

/** Mostly short ones, for what WhatsApp never answers is waited for until then. */
export const shortDeadline: fc.Arbitrary<number> = oneOf(
  [80, fc.integer({ min: 1_000, max: 3_000 })],
  [10, fc.integer({ min: 3_000, max: 6_000 })],
  [1, fc.constant(30_000)],
);
export const isPatient: fc.Arbitrary<boolean> = fc.boolean();

const planFor = (wishes: Values): fc.Arbitrary<Plan> =>
  fc.record({
    start: oneOf([1, fc.constant({})], [1, some(1)]),
    excepting: fc.constantFrom([], ['15550100901'], ['15550100901', '15550100902']),
    // Settings that are known are planned by at once.
    readBefore: oneOf([3, fc.constant(true)], [1, fc.constant(false)]),
    wishes: fc.constant(wishes),
    onFailure: fc.constantFrom(OnFailure.STOP, OnFailure.CONTINUE, OnFailure.ROLL_BACK),
    deadlineMs: shortDeadline,
    faults: faultsOf(wishes),
    meanwhile: oneOf<Plan['meanwhile']>(
      [5, fc.constant([])],
      [
        1,
        fc.array(
          fc.record({
            at: oneOf<number | 'first set'>([1, fc.constant('first set')], [1, fc.nat(1_000)]),
            values: some(1, 2),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      ],
    ),
    isPatient,
    cancelAfterMs: sometimes(1, oneOf([1, fc.nat(60)], [1, fc.nat(1_000)])),
    reconnectAfterMs: sometimes(3, fc.nat(1_500)),
    isLeftAlone: oneOf([9, fc.constant(false)], [1, fc.constant(true)]),
    hasEpilogue: oneOf([2, fc.constant(false)], [1, fc.constant(true)]),
  });

/** Mostly without the timer, which is known only when it was just read. */
const wishes: fc.Arbitrary<Values> = fc
  .tuple(some(1), oneOf([2, fc.constant(true)], [1, fc.constant(false)]))
  .map(([drawn, isWithout]) => {
    const { disappearing_mode: _, ...others } = drawn;
    return isWithout && Object.keys(others).length > 0 ? others : drawn;
  });
/** A busy machine takes seconds to connect again: what is to go on after a cut has them. */
const withTimeToGoOn = (drawn: Plan): Plan => {
  const isCut = drawn.faults.length === 1 && ['close', 'reset'].includes(drawn.faults[0]?.effect.do ?? '');
  return isCut ? { ...drawn, deadlineMs: Math.max(drawn.deadlineMs, GO_ON_WITHIN_MS) } : drawn;
};
const GO_ON_WITHIN_MS = 10_000;

const plan = wishes.chain(planFor).map(withTimeToGoOn);

/** What an account does not recover from by itself or within a test; a plan with one is the last before a restart. */
const lastFault: fc.Arbitrary<Fault> = oneOf<Fault>(
  [
    5,
    fc.record({
      match: fc.constant({ on: 'privacy_set' as const }),
      effect: fc.constantFrom<Effect[]>({ do: 'refuse', code: 429 }, { do: 'refuse_category', code: 429 }),
      after: fc.nat(3),
      times: fc.constantFrom(1, 99),
    }),
  ],
  [
    1,
    fc.record({
      match: fc.constant({ on: 'privacy_get' as const }),
      effect: fc.constant({ do: 'refuse' as const, code: 429 }),
      after: fc.nat(2),
    }),
  ],
  [
    3,
    fc.record({
      match: fc.constant({ on: 'privacy_set' as const }),
      effect: fc.record({
        do: fc.constant('stream_error' as const),
        code: fc.constantFrom(401, 403, 406, 411, 516),
        moment,
      }),
      after: fc.nat(3),
    }),
  ],
  [
    1,
    fc.record({
      match: fc.constant({ on: 'login' as const }),
      effect: fc.constantFrom<Effect[]>(
        { do: 'failure', reason: 403 },
        { do: 'failure', reason: 406 },
        { do: 'silence' },
      ),
    }),
  ],
);

/** The plan of a seed. `last` adds what ends the use of the account. */
export function planOf(seed: number, last: boolean): Plan {
  const drawn = last
    ? fc.tuple(plan, lastFault).map(([most, fault]) => ({ ...most, faults: [fault, ...most.faults] }))
    : plan;
  const [only] = fc.sample(drawn, { seed, numRuns: 1, unbiased: true });
  return only as Plan;
}
