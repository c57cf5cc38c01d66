import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SETTING_NAMES, type Setting, specOf } from '../../../src/domain/settings/settings-table.js';
import { type Change, waves, widens } from '../../../src/domain/settings/waves.js';

const change = (setting: Setting, from: string | undefined, to: string): Change => ({
  setting,
  from,
  to,
});

/**
 * Written down here again, so that the table is not held against itself. The four audiences are Everyone, My contacts,
 * My contacts except… and Nobody in WhatsApp's menus; its GraphQL says MYCONTACTS and MYCONTACTSEXCEPT for those between
 * (WAWebMexGetPrivacySetting).
 */
const WIDE_TO_NARROW: Readonly<Record<Setting, string>> = {
  last_seen: 'all > contacts > contact_blacklist > none',
  status: 'all > contacts > contact_blacklist > none',
  profile: 'all > contacts > contact_blacklist > none',
  // "Same as last seen" can only be as wide as Everyone (WAWebPrivacySettingsDrawer).
  online: 'all > match_last_seen',
  read_receipts: 'all > none',
  // Ninety days, seven days, one day; never to disappear leaves most to see (WAWebQueryDisappearingModeJob).
  default_disappearing_timer: '0 > 7776000 > 604800 > 86400',
  // "Silence unknown callers" lets those through that the account knows.
  call_add: 'all > known',
  group_add: 'all > contacts > contact_blacklist',
  messages: 'all > contacts',
  // Never sent. Strict Account Settings only take away (WAWebDefenseModeUtils); of stickers nothing is said but names.
  defense: 'off > on_standard',
  stickers: 'contacts > contact_allowlist > none',
};

const pairs = Object.entries(WIDE_TO_NARROW).flatMap(([setting, order]) =>
  order
    .split(' > ')
    .flatMap((wide, place, values) =>
      values.slice(place + 1).map(narrow => [setting as Setting, narrow, wide] as const),
    ),
);

describe('the order of audiences', () => {
  test.each(pairs)('%s from %s to %s widens, and the way back narrows', (setting, narrow, wide) => {
    expect(widens(change(setting, narrow, wide))).toBe(true);
    expect(widens(change(setting, wide, narrow))).toBe(false);
  });

  test.each(SETTING_NAMES)('places every value of %s, and the table has them in that order', setting => {
    expect(specOf(setting).values).toEqual(WIDE_TO_NARROW[setting].split(' > '));
  });

  test.each(SETTING_NAMES)('a change of %s from a value without a name counts as widening', setting => {
    for (const to of specOf(setting).values) expect(widens(change(setting, 'unheard_of', to))).toBe(true);
  });

  test.each([
    ['group_add', 'none', 'contact_blacklist'],
    ['call_add', 'contacts', 'known'],
    ['online', 'none', 'match_last_seen'],
  ] as const)('a change of %s from %s, which is only read, widens whatever it is to', (setting, from, to) => {
    expect(widens(change(setting, from, to))).toBe(true);
  });

  test('a change from nothing that was told widens, unless it is to the narrowest value', () => {
    expect(widens(change('last_seen', undefined, 'contacts'))).toBe(true);
    expect(widens(change('last_seen', undefined, 'none'))).toBe(false);
  });
});

describe('two waves', () => {
  const anyChange = fc.constantFrom(...SETTING_NAMES).chain(setting =>
    fc.record({
      setting: fc.constant(setting),
      from: fc.option(fc.constantFrom(...specOf(setting).values, 'unheard_of'), { nil: undefined }),
      to: fc.constantFrom(...specOf(setting).values),
    }),
  );
  const changes = fc.uniqueArray(anyChange, { selector: ({ setting }) => setting });

  test('hold every change exactly once and keep the order of each kind', () => {
    fc.assert(
      fc.property(changes, all => {
        const { narrowing, widening } = waves(all);
        expect(narrowing).toEqual(all.filter(one => narrowing.includes(one)));
        expect(widening).toEqual(all.filter(one => widening.includes(one)));
        expect([...narrowing, ...widening]).toHaveLength(all.length);
        expect(new Set([...narrowing, ...widening]).size).toBe(all.length);
      }),
    );
  });

  test('at no point between their stanzas is an audience wider than both before and after', () => {
    fc.assert(
      fc.property(changes, all => {
        const { narrowing } = waves(all);
        for (const { setting, from, to } of narrowing) {
          const order = specOf(setting).values;
          if (from !== undefined && order.includes(from))
            expect(order.indexOf(to)).toBeGreaterThanOrEqual(order.indexOf(from));
        }
      }),
    );
  });
});
