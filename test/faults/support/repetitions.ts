import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import { BLOCKED_BY } from './block.js';
import { effect, one } from './hustles.js';
import { sentTwice } from './oracle.js';
import { oneOf } from './plans.js';
import { audiencesOf, CATEGORIES, categoryOf, type Values } from './settings.js';
import { timelineOf } from './timeline.js';
import type { Answer } from './updates.js';

/** Who makes the same request under the same request_id as the others, with time and patience of his own. */
type Repeater = {
  readonly startAfterMs: number;
  readonly deadlineMs: number;
  readonly cancelAfterMs: number | undefined;
};

/** What several callers want under one request_id, and how long another update is before them. */
export type Repetition = {
  readonly wishes: Values;
  readonly onFailure: OnFailure;
  /** Undefined for no update before them. */
  readonly blockedForMs: number | undefined;
  readonly callers: readonly Repeater[];
  readonly effects: readonly (typeof effect extends fc.Arbitrary<infer One> ? One : never)[];
};

export const LONG_MS = 20_000;

const repetition: fc.Arbitrary<Repetition> = fc.record({
  wishes: fc
    .subarray(
      CATEGORIES.filter(category => category !== BLOCKED_BY),
      { minLength: 1, maxLength: 3 },
    )
    .chain(categories =>
      fc.record(
        Object.fromEntries(
          categories.map(category => [category, fc.constantFrom(...audiencesOf(category).slice(1))]),
        ),
      ),
    ),
  onFailure: fc.constantFrom(OnFailure.STOP, OnFailure.CONTINUE, OnFailure.ROLL_BACK),
  blockedForMs: oneOf<number | undefined>(
    [1, fc.constant(undefined)],
    [2, fc.integer({ min: 300, max: 1_500 })],
  ),
  callers: fc.array(
    fc.record({
      startAfterMs: fc.oneof(fc.constant(0), fc.nat(600)),
      deadlineMs: fc.oneof(fc.integer({ min: 700, max: 2_000 }), fc.constant(LONG_MS)),
      cancelAfterMs: fc.option(fc.nat(800), { freq: 3, nil: undefined }),
    }),
    { minLength: 2, maxLength: 5 },
  ),
  effects: fc.array(effect, { maxLength: 2 }),
});

export const repetitionOf = (seed: number): Repetition => one(repetition, seed);

/** What came of one of them. */
export type Repeated = Repeater & { readonly answer: Answer; readonly tookMs: number };

/** Of the answer to somebody's call that it is of his own making. */
const OWN_END: readonly status[] = [status.CANCELLED, status.DEADLINE_EXCEEDED];
/** What the service keeps free of a caller's time: nothing new is sent then, and the answer is on its way. */
const KEPT_FREE_MS = 500;
const TRIED: readonly State[] = [State.APPLIED, State.FAILED, State.UNKNOWN, State.ROLLED_BACK];

const isSent = ({ outcomes = [] }: Answer) => outcomes.some(({ state }) => TRIED.includes(state));
const inWords = ({ outcomes = [] }: Answer): string =>
  outcomes.map(({ setting, state }) => `${categoryOf(setting)} ${State[state]}`).join(', ');

/**
 * Until something was sent each call is one of its own: nobody else's deadline or departure ends it. Then all get the
 * same, and nothing is sent again.
 *
 * @param last The answer to a repetition when all had ended.
 */
export function repetitionFaults(
  { wishes }: Repetition,
  calls: readonly Repeated[],
  last: Answer,
  before: Values,
  events: readonly PrivacyEvent[],
): string[] {
  const timeline = timelineOf(before, events);
  const own = timeline.sets.filter(({ category }) => category in wishes);
  const answers = [...calls.map(({ answer }) => answer), last];
  const told = new Set(answers.filter(isSent).map(inWords));
  return [
    ...sentTwice(timeline, own).map(name => `${name} was sent twice`),
    ...(told.size > 1 ? [`the same request was answered with ${[...told].join(' and ')}`] : []),
    ...(own.length > 0 && !isSent(last)
      ? [`the last answer is ${inWords(last)} though something was sent`]
      : []),
    ...calls.flatMap(({ answer, tookMs, deadlineMs, cancelAfterMs }) => {
      const isOwnEnd = cancelAfterMs !== undefined || tookMs >= deadlineMs - KEPT_FREE_MS;
      if (isOwnEnd || isSent(answer) || !OWN_END.includes(answer.code)) return [];
      return [
        `a call with ${deadlineMs} ms ended after ${tookMs} ms with ${status[answer.code]} ${answer.reason}`,
      ];
    }),
    ...(OWN_END.includes(last.code) && !isSent(last)
      ? [`the last call ended with ${status[last.code]}`]
      : []),
  ];
}
