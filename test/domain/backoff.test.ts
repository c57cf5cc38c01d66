import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BackoffUse, backoffMs } from '../../src/domain/backoff.js';
import { reactionTo } from '../../src/domain/disconnect.js';

/** The waits before so many attempts, in seconds and without what chance adds. */
const waits = (use: BackoffUse, attempts: number) =>
  Array.from({ length: attempts }, (_, index) => backoffMs(use, index + 1, () => 0.5) / 1000);

describe('the wait', () => {
  test('before another dial follows Fibonacci up to fifteen minutes', () => {
    const expected = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900, 900];
    expect(waits('dial', 18)).toEqual(expected);
  });

  test('before another dial of the node after a 429 is five steps longer', () => {
    const expected = [8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900, 900];
    expect(waits('limited_dial', 13)).toEqual(expected);
  });

  test('before another read follows Fibonacci up to fifteen minutes', () => {
    const expected = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900, 900];
    expect(waits('read_again', 18)).toEqual(expected);
  });

  test('varies by ten percent at most', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<BackoffUse>('dial', 'limited_dial', 'read_again'),
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (use, n, random) => {
          const middle = backoffMs(use, n, () => 0.5);
          expect(Math.abs(backoffMs(use, n, () => random) - middle)).toBeLessThanOrEqual(middle * 0.1 + 1);
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
