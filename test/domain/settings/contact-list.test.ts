import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apply,
  byId,
  type Contact,
  contactId,
  delta,
  distinct,
  LIST_SETTINGS,
  listEtag,
} from '../../../src/domain/settings/contact-list.js';

const person = (number: number): Contact & { lid: string } => ({
  lid: `${1000 + number}@lid`,
  phoneNumber: `+1555010${String(number).padStart(4, '0')}`,
});
/** As WhatsApp may tell of someone: always by the LID, mostly with the number. */
const lists = fc
  .uniqueArray(fc.tuple(fc.nat(40), fc.boolean()), { selector: ([number]) => number })
  .map(people => people.map(([number, isWhole]) => (isWhole ? person(number) : { lid: person(number).lid })));
const lids = (contacts: readonly Contact[]) => contacts.map(({ lid }) => lid).sort();

describe('a delta', () => {
  test('takes its first list to its second, and never adds or removes more than it must', () => {
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        const change = delta(a, b);
        const [before, after] = [lids(a), lids(b)];
        // A matcher for each of so many runs would take longer than all else.
        return isDeepStrictEqual(
          [lids(apply(change, a)), lids(change.add), lids(change.remove)],
          [after, after.filter(lid => !before.includes(lid)), before.filter(lid => !after.includes(lid))],
        );
      }),
      { numRuns: 100_000 },
    );
  });

  test('of a list of 64,000 and the same with one contact more is that contact', () => {
    const list = Array.from({ length: 64_000 }, (_, number) => person(number));
    const [one, ...others] = list;
    expect(delta(others, list)).toEqual({ add: [one], remove: [] });
    expect(delta(list, others)).toEqual({ add: [], remove: [one] });
  });

  test('knows a contact by the LID or by the phone number alone', () => {
    const { lid, phoneNumber } = person(1);
    const whole = { lid, phoneNumber: phoneNumber as string };
    expect(delta([{ lid }], [whole])).toEqual({ add: [], remove: [] });
    expect(delta([whole], [{ phoneNumber: whole.phoneNumber }])).toEqual({ add: [], remove: [] });
  });
});

test('a change adds nobody twice', () => {
  expect(apply({ add: [person(1), person(2)], remove: [] }, [person(1)])).toEqual([person(1), person(2)]);
  expect(distinct([person(1), { lid: person(1).lid }, person(2)])).toEqual([person(1), person(2)]);
});

test('contacts are found by each of their ids', () => {
  const found = byId([person(1), { lid: '7@lid' }]);
  expect([...found.keys()]).toEqual(['1001@lid', '+15550100001', '7@lid']);
});

test('the etag is that of the contacts shown, in any order', () => {
  const [anna, ben] = [person(1), person(2)];
  expect(listEtag([anna, ben])).toBe(listEtag([ben, anna]));
  expect(listEtag([anna, ben])).not.toBe(listEtag([anna]));
  expect(listEtag([])).toMatch(/^[\w-]{16}$/);
});

test.each([
  ['+15550100123', '+15550100123'],
  ['+1 (555) 010-0123', '+15550100123'],
  ['+1.555.010.0123', '+15550100123'],
  ['123456789012345@lid', '123456789012345@lid'],
  ['15550100123', undefined],
  ['+0155501', undefined],
  ['+12', undefined],
  ['abc@lid', undefined],
  ['15550100123@s.whatsapp.net', undefined],
])('%s written by a person means %s', (text, id) => {
  expect(contactId(text)).toBe(id);
});

test('the settings with a list are those WhatsApp has one for', () => {
  expect(LIST_SETTINGS).toEqual(['last_seen', 'status', 'profile', 'group_add']);
});
