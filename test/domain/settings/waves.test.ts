import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SETTING_NAMES, specOf } from '../../../src/domain/settings/settings-table.js';
import { type Change, waves, widens } from '../../../src/domain/settings/waves.js';

const change = (setting: Change['setting'], from: string | undefined, to: string): Change => ({
  setting,
  from,
  to,
});

describe('the order of audiences', () => {
  test.each([
    ['last_seen', 'none', 'contact_blacklist'],
    ['last_seen', 'contact_blacklist', 'contacts'],
    ['profile', 'contacts', 'all'],
    ['online', 'match_last_seen', 'all'],
    ['read_receipts', 'none', 'all'],
    ['call_add', 'known', 'all'],
    ['messages', 'contacts', 'all'],
    ['default_disappearing_timer', '86400', '604800'],
    ['default_disappearing_timer', '7776000', '0'],
  ] as const)('%s from %s to %s widens, and the way back narrows', (setting, narrow, wide) => {
    expect(widens(change(setting, narrow, wide))).toBe(true);
    expect(widens(change(setting, wide, narrow))).toBe(false);
  });

  test('a change from a value without a name, or from nothing, counts as narrowing', () => {
    expect(widens(change('last_seen', 'friends_of_friends', 'all'))).toBe(false);
    expect(widens(change('last_seen', undefined, 'all'))).toBe(false);
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
