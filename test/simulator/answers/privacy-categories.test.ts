import { describe, expect, test } from 'vitest';
import { EXCEPTING } from '../../../src/domain/settings/contact-list.js';
import {
  isValueOf,
  SETTING_NAMES,
  settingOfCategory,
  specOf,
} from '../../../src/domain/settings/settings-table.js';
import { DURATIONS } from '../../../src/simulator/answers/disappearing-timer.js';
import { CATEGORIES } from '../../../src/simulator/answers/privacy-categories.js';
import { DEFAULT_SETTINGS } from '../../../src/simulator/world/accounts.js';

/** The values that the server takes beyond those which this service sends, and why. */
const BEYOND: Readonly<Record<string, readonly string[]>> = {
  // Newer bundles of WhatsApp Web send it; older ones do not, and so neither does the service.
  calladd: ['contacts'],
  // whatsmeow knows the category, but no client was seen to set it: the service only reads it.
  stickers: ['contacts', 'contact_allowlist', 'none'],
};
/** The categories that the contract has no field for: the service tells them as others. Values as zapo has them. */
const STRANGERS = ['linked_profiles', 'pix'];

/** All settings but the timer, which has a namespace of its own. */
const PRIVACY = SETTING_NAMES.filter(setting => setting !== 'default_disappearing_timer').map(specOf);

describe("the server's table beside that of the service", () => {
  test.each(PRIVACY)('takes for $category what the service sends, and what is said here', spec => {
    const sent = spec.access === 'read_only' ? [] : spec.values;
    const expected = [...sent, ...(BEYOND[spec.category] ?? [])];
    expect(CATEGORIES[spec.category]?.values.toSorted()).toEqual(expected.toSorted());
  });

  test.each(PRIVACY)('locks $category where the service reckons with it', ({ category, lockedByDefense }) => {
    expect(CATEGORIES[category]?.locked ?? false).toBe(lockedByDefense);
  });

  test.each(PRIVACY)('keeps a list for $category where the service changes one', ({ category, values }) => {
    expect(CATEGORIES[category]?.listed ?? false).toBe(values.includes(EXCEPTING));
  });

  test('knows no other category than those said here', () => {
    const known = PRIVACY.map(({ category }) => category);
    expect(Object.keys(CATEGORIES).toSorted()).toEqual([...known, ...STRANGERS].toSorted());
  });

  test('takes the timers that the service sends', () => {
    expect(DURATIONS.toSorted()).toEqual([...specOf('default_disappearing_timer').values].toSorted());
  });

  test('gives a new account a value of the table for every setting', () => {
    expect(Object.keys(DEFAULT_SETTINGS).toSorted()).toEqual(
      PRIVACY.map(({ category }) => category).toSorted(),
    );
    for (const [category, value] of Object.entries(DEFAULT_SETTINGS)) {
      const setting = settingOfCategory(category);
      expect(setting && isValueOf(setting, value), category).toBe(true);
    }
  });
});
