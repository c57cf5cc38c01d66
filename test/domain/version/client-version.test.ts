import { describe, expect, test } from 'vitest';
import {
  ageInDays,
  BUILT_IN,
  configuredVersion,
  isPlausible,
  newestOf,
  revisionIn,
  versionText,
} from '../../../src/domain/version/client-version.js';

const DAY_MS = 86_400_000;
const dayAfter = (days: number) => new Date(BUILT_IN.releasedAt.getTime() + days * DAY_MS);

describe('a version', () => {
  test('is 2.3000. and a revision, written and read', () => {
    expect(versionText({ revision: 1_048_032_155 })).toBe('2.3000.1048032155');
    expect(revisionIn('2.3000.1048032155')).toBe(1_048_032_155);
  });

  test.each([
    '2.3000.1048032155-alpha',
    '2.3000.',
    '2.2413.51',
    '1048032155',
    ' 2.3000.1048032155',
    '2.3000.0123456789',
  ])('is not %s', text => expect(revisionIn(text)).toBeUndefined());

  test('that is announced is the highest, wherever it comes from', () => {
    const [lower, higher] = [-1, 1].map(step => configuredVersion(BUILT_IN.revision + step, dayAfter(1)));
    if (!lower || !higher) throw new Error('unreachable');
    expect(newestOf(BUILT_IN, lower)).toBe(BUILT_IN);
    expect(newestOf(BUILT_IN, lower, higher)).toBe(higher);
    expect(newestOf(BUILT_IN)).toBe(BUILT_IN);
  });

  test('ages in whole days, and never backwards', () => {
    expect(ageInDays(BUILT_IN, dayAfter(69.9))).toBe(69);
    expect(ageInDays(BUILT_IN, dayAfter(-3))).toBe(0);
  });

  test('that is configured is as old as its number lets expect, and not from tomorrow', () => {
    const inTenDays = BUILT_IN.revision + 700_000;
    expect(ageInDays(configuredVersion(inTenDays, dayAfter(30)), dayAfter(30))).toBe(20);
    expect(configuredVersion(inTenDays, dayAfter(3)).releasedAt).toEqual(dayAfter(3));
    expect(ageInDays(configuredVersion(BUILT_IN.revision - 700_000, dayAfter(30)), dayAfter(30))).toBe(40);
  });

  test.each([
    ['the same', 0, 10, false],
    ['an older one', -1, 10, false],
    ['a newer one', 1, 10, true],
    ['one as far ahead as the fastest pace allows', 11 * 150_000, 10, true],
    ['one further ahead', 11 * 150_000 + 1, 10, false],
    ['one of the day of the release', 100_000, 0, true],
    ['a fraction', 0.5, 10, false],
    ['no number', Number.NaN, 10, false],
  ])('that was fetched is taken or not: %s', (_, ahead, days, isTaken) => {
    expect(isPlausible(BUILT_IN.revision + ahead, dayAfter(days))).toBe(isTaken);
  });
});
