import { describe, expect, test } from 'vitest';
import { expirationAfter } from '../../../src/domain/version/expiration.js';

const NOW = new Date('2026-11-30T12:00:00Z');
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
const held = { revision: 7, time: inDays(20) };

describe('the end of a version', () => {
  test.each([
    ['told for the first time', undefined, inDays(20), { revision: 7, time: inDays(20) }],
    ['told later than before', held, inDays(21), held],
    ['told as before', held, inDays(20), held],
    ['told earlier than before', held, inDays(10), { revision: 7, time: inDays(10) }],
    ['told for sooner than in three days', held, inDays(1), { revision: 7, time: inDays(3) }],
    ['told as past', undefined, inDays(-100), { revision: 7, time: inDays(3) }],
    ['withdrawn', held, undefined, undefined],
    [
      'told later than that of another version',
      { ...held, revision: 6 },
      inDays(30),
      { revision: 7, time: inDays(30) },
    ],
  ])('%s', (_, before, told, expected) => {
    expect(expirationAfter(before, 7, told, NOW)).toEqual(expected);
  });

  test('told as past at each login rolls on, but not at each of them', () => {
    const first = expirationAfter(undefined, 7, inDays(-1), NOW);
    expect(expirationAfter(first, 7, inDays(-1), new Date(NOW.getTime() + 60_000))).toBe(first);
    expect(expirationAfter(first, 7, inDays(-1), inDays(1))?.time).toEqual(inDays(4));
  });
});
