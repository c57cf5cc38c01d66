import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../../src/domain/backoff.js';
import { reactionTo } from '../../src/domain/disconnect.js';

const seconds = (attempt: number, rateLimited = false) => backoffMs(attempt, rateLimited, () => 0.5) / 1000;

describe('the wait before another connection', () => {
  test('follows Fibonacci up to fifteen minutes', () => {
    const waits = Array.from({ length: 18 }, (_, index) => seconds(index + 1));
    expect(waits).toEqual([1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900, 900]);
  });

  test('is five steps longer and at least eight seconds after a 429', () => {
    expect(seconds(1, true)).toBe(8);
    expect(seconds(3, true)).toBe(21);
  });

  test('varies by ten percent at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, random) => {
          const middle = backoffMs(n, false, () => 0.5);
          expect(Math.abs(backoffMs(n, false, () => random) - middle)).toBeLessThanOrEqual(middle * 0.1 + 1);
        },
      ),
    );
  });
});

describe('the reaction to a disconnect', () => {
  test.each([
    [401, 'logged_out'],
    [402, 'suspended'],
    [403, 'suspended'],
    [405, 'back_off'],
    [406, 'suspended'],
    [408, 'back_off'],
    [409, 'back_off'],
    [411, 'logged_out'],
    [428, 'back_off'],
    [429, 'back_off'],
    [440, 'conflict'],
    [500, 'back_off'],
    [501, 'back_off'],
    [503, 'back_off'],
    [515, 'restart'],
    [516, 'logged_out'],
    [undefined, 'back_off'],
    [1006, 'back_off'],
    [Number.NaN, 'back_off'],
  ] as const)('to %s is %s', (code, reaction) => {
    expect(reactionTo({ code, text: '' })).toBe(reaction);
  });
});
