import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  ContactBlacklistSetting as List,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeEntry } from '../../src/contract/contact-blacklist.js';
import type { Effect } from '../../src/simulator/index.js';
import { CallError } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

const PEOPLE = ['+15550100101', '+15550100102', '+15550100103', '+15550100104', '+15550100105'];

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
beforeAll(async () => {
  service = await startService();
  for (const [index, phoneNumber] of PEOPLE.entries())
    service.simulator.addPerson({ phoneNumber, lid: `7${index}` });
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());

const some = fc.subarray(PEOPLE);
const moment = fc.constantFrom('before_apply' as const, 'after_apply' as const);
const code = fc.constantFrom(400, 403, 409, 500, 503);
const applied = fc.boolean();
/** What WhatsApp does with a change; refusals below 500 are true, as everywhere. */
const onSet: fc.Arbitrary<Effect | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: code.map(code => ({ do: 'refuse' as const, code })) },
  { weight: 2, arbitrary: code.map(code => ({ do: 'refuse_category' as const, code })) },
  { weight: 1, arbitrary: applied.map(applied => ({ do: 'refuse' as const, code: 500, applied })) },
  { weight: 1, arbitrary: moment.map(moment => ({ do: 'silence' as const, moment })) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('lie' as const),
      lie: fc.constantFrom('confirm', 'wrong_name', 'other_value', 'two_categories', 'empty', 'no_privacy'),
      applied,
    }),
  },
  {
    weight: 2,
    arbitrary: some.map(last => ({
      do: 'phone' as const,
      contacts: { last },
      moment: 'after_reply' as const,
    })),
  },
);
const scene = fc.record({
  value: fc.constantFrom('contact_blacklist', 'all', 'none'),
  before: some,
  add: some,
  remove: some,
  replace: fc.boolean(),
  /** Changed by the phone between our read and our change. */
  between: fc.option(some, { nil: undefined }),
  onSet,
  staleList: fc.constantFrom('refuse' as const, 'refuse_category' as const),
  listReply: fc.constantFrom(
    'honest' as const,
    'without_lid' as const,
    'without_pn' as const,
    'twice' as const,
  ),
  listAway: fc.constantFrom('kept' as const, 'cleared' as const),
  addressing: fc.constantFrom('lid' as const, 'pn' as const, 'either' as const),
});
type Scene = typeof scene extends fc.Arbitrary<infer Value> ? Value : never;

function prepare({ value, before, between, onSet, staleList, listReply, listAway, addressing }: Scene) {
  const { simulator } = service;
  const { phone } = desk;
  simulator.clearFaults();
  Object.assign(simulator.behaviour, { staleList, listReply, listAway });
  phone.setAddressing(addressing);
  phone.exceptContacts('last', before);
  if (value !== 'contact_blacklist') phone.setPrivacy('last', value);
  if (between) {
    const effect = { do: 'phone', contacts: { last: between }, moment: 'after_reply' } as const;
    simulator.inject({ match: { on: 'list_get', category: 'last' }, effect });
  }
  if (onSet) simulator.inject({ match: { on: 'privacy_set', category: 'last' }, effect: onSet });
}

/** Whether the list on the phone is as the caller wants it. */
function isAsWanted({ add, remove, replace }: Pick<Scene, 'add' | 'remove' | 'replace'>): boolean {
  const list = desk.phone.contactList('last').contacts.map(({ phoneNumber }) => `+${phoneNumber}`);
  const isExact = !replace || list.length === add.length;
  const has = (number: string) => list.includes(number);
  return (
    isExact && add.every(has) && !remove.some(has) && desk.phone.settings()['last'] === 'contact_blacklist'
  );
}

test('a change of a list that is told as done is done, and one that is told as failed changed nothing', async () => {
  const told: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(scene, async drawn => {
      const remove = drawn.replace ? [] : drawn.remove.filter(number => !drawn.add.includes(number));
      fc.pre(drawn.replace || drawn.add.length + remove.length > 0);
      prepare(drawn);
      const sets = service.simulator.sets(desk.phone.phoneNumber);
      const past = sets.length;
      const outcome = await service.client
        .call(
          Privacy.updateContactBlacklist,
          {
            instance: desk.instance,
            setting: List.LAST_SEEN,
            entriesToAdd: drawn.add.map(encodeEntry),
            entriesToRemove: remove.map(encodeEntry),
            replace: drawn.replace,
          },
          // Silence is waited for until the time is over.
          { deadlineMs: drawn.onSet?.do === 'silence' ? 3_000 : 60_000 },
        )
        .then(
          ({ outcome }) => State[outcome?.state ?? 0] ?? 'none',
          (error: unknown) => (error instanceof CallError && error.reason) || String(error),
        );
      told[outcome] = (told[outcome] ?? 0) + 1;
      const own = sets.slice(past).filter(({ device }) => device > 0).length;

      if (outcome === 'APPLIED') expect(isAsWanted({ ...drawn, remove })).toBe(true);
      // Unless the phone has taken it back before anybody could see it.
      else if (outcome !== 'PARTIAL_UPDATE' && drawn.onSet?.do !== 'phone')
        expect([outcome, own]).toEqual([outcome, 0]);
      expect(outcome).toMatch(
        /^(APPLIED|UNCHANGED|PARTIAL_UPDATE|BLACKLIST_CONFLICT|WHATSAPP_REJECTED|WHATSAPP_TIMEOUT|CONNECTION_LOST|WHATSAPP_UNCLEAR)$/,
      );
    }),
    { numRuns: 150 },
  );
  expect(Object.keys(told)).toEqual(expect.arrayContaining(['APPLIED', 'UNCHANGED']));
});
