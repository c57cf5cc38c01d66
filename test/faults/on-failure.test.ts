import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { OnFailure } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Effect, Fault } from '../../src/simulator/index.js';
import { type Service, startService } from '../support/service.js';
import type { Desk } from './support/fleet.js';
import { judge } from './support/oracle.js';
import { carryOut } from './support/run.js';
import { type Category, categoryOf, type Values, wished } from './support/settings.js';
import { storyOf } from './support/story.js';

let service: Service;
let desk: Desk;
beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());

const NARROWED: Values = { last: 'none', status: 'contacts', profile: 'contact_blacklist' };
const WIDENED: Values = { readreceipts: 'all', calladd: 'all', messages: 'all' };
const BEFORE: Values = {
  last: 'all',
  status: 'all',
  profile: 'all',
  readreceipts: 'none',
  calladd: 'known',
  messages: 'contacts',
};
const EACH = wished({ ...NARROWED, ...WIDENED });
const isNarrowed = (category: Category) => category in NARROWED;

const FAILURES: readonly (readonly [string, Effect])[] = [
  ['refused', { do: 'refuse_category', code: 403 }],
  ['answered with a fault', { do: 'refuse', code: 500, applied: false }],
  ['confirmed and not made', { do: 'lie', lie: 'confirm', applied: false }],
];

/** The states of an update of six settings; fails when they are not true. */
async function statesAfter(onFailure: OnFailure, faults: readonly Fault[]) {
  const run = await carryOut(service, desk, {
    start: BEFORE,
    readBefore: true,
    wishes: { ...NARROWED, ...WIDENED },
    onFailure,
    deadlineMs: 10_000,
    faults,
    meanwhile: [],
    isPatient: true,
    cancelAfterMs: undefined,
    reconnectAfterMs: undefined,
  });
  expect(judge(run), storyOf(run)).toEqual({ wrong: [], notes: [] });
  const { outcomes = [] } = run.answer;
  return Object.fromEntries(outcomes.map(({ setting, state }) => [categoryOf(setting), State[state]]));
}
const faultOn = (category: Category, effect: Effect, after = 0): Fault => ({
  match: { on: 'privacy_set', category },
  effect,
  after,
});
const statesBy = (stateOf: (category: Category) => string) =>
  Object.fromEntries(EACH.map(category => [category, stateOf(category)]));

describe.each(FAILURES)('an update of which one change is %s', (_, effect) => {
  // A false confirmation is found out by the read at the end, when what widens has been sent.
  const isFoundLate = effect.do === 'lie';

  test.each(EACH)(
    '(%s) keeps what was applied, and widens nothing after a failed narrowing',
    async failing => {
      for (const onFailure of [OnFailure.STOP, OnFailure.CONTINUE]) {
        expect(await statesAfter(onFailure, [faultOn(failing, effect)])).toEqual(
          statesBy(category => {
            if (category === failing) return 'FAILED';
            const isHeldBack = isNarrowed(failing) && !isNarrowed(category) && !isFoundLate;
            return isHeldBack ? 'NOT_ATTEMPTED' : 'APPLIED';
          }),
        );
      }
    },
  );

  test.each(EACH)('(%s) with ROLL_BACK leaves the account as it was', async failing => {
    expect(await statesAfter(OnFailure.ROLL_BACK, [faultOn(failing, effect)])).toEqual(
      statesBy(category => {
        if (category === failing) return 'FAILED';
        const isHeldBack = isNarrowed(failing) && !isNarrowed(category) && !isFoundLate;
        return isHeldBack ? 'NOT_ATTEMPTED' : 'ROLLED_BACK';
      }),
    );
    expect(desk.phone.settings()).toMatchObject(BEFORE);
  });
});

describe.each(FAILURES)('a rollback of which one change is %s', (_, effect) => {
  const FAILING = 'messages';
  const isFoundLate = effect.do === 'lie';

  test.each(EACH.filter(category => category !== FAILING))(
    '(%s) says what could not be set back, and widens nothing after a failed narrowing',
    async stuck => {
      const faults = [faultOn(FAILING, { do: 'refuse', code: 403 }), faultOn(stuck, effect, 1)];
      expect(await statesAfter(OnFailure.ROLL_BACK, faults)).toEqual(
        statesBy(category => {
          if (category === FAILING) return 'FAILED';
          // Setting back what was widened narrows, so that comes first.
          const isHeldBack = !isNarrowed(stuck) && isNarrowed(category) && !isFoundLate;
          return category === stuck || isHeldBack ? 'APPLIED' : 'ROLLED_BACK';
        }),
      );
    },
  );
});
