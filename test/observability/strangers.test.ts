import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type StrangerDeeds, strangers } from '../../src/observability/strangers.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counting() {
  const told: StrangerDeeds[] = [];
  return { told, ...strangers(deeds => void told.push(deeds)) };
}

const MINUTE_MS = 60_000;

describe('what a stranger does', () => {
  test('is told at once, and the rest of it once a minute with its number', () => {
    const { told, seen } = counting();
    for (let count = 0; count < 1000; count++) seen('token_missing', '192.0.2.7');
    expect(told).toEqual([{ deed: 'token_missing', peer: '192.0.2.7', count: 1 }]);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(told.slice(1)).toEqual([{ deed: 'token_missing', peer: '192.0.2.7', count: 999 }]);
    seen('token_missing', '192.0.2.7');
    expect(told).toHaveLength(2);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(told.slice(2)).toEqual([{ deed: 'token_missing', peer: '192.0.2.7', count: 1 }]);
  });

  test('is told at once again after a minute without it, and nothing in between', () => {
    const { told, seen } = counting();
    seen('token_bad', '192.0.2.7');
    vi.advanceTimersByTime(10 * MINUTE_MS);
    expect(told).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    seen('token_bad', '192.0.2.7');
    expect(told).toHaveLength(2);
  });

  test('is told by kind and by address', () => {
    const { told, seen } = counting();
    seen('token_bad', '192.0.2.7');
    seen('unknown_method', '192.0.2.7');
    seen('token_bad', '192.0.2.8');
    expect(told.map(({ deed, peer }) => [deed, peer])).toEqual([
      ['token_bad', '192.0.2.7'],
      ['unknown_method', '192.0.2.7'],
      ['token_bad', '192.0.2.8'],
    ]);
  });

  test('is told when the service stops', () => {
    const { told, seen, stop } = counting();
    seen('token_bad', '192.0.2.7');
    seen('token_bad', '192.0.2.7');
    stop();
    expect(told.map(({ count }) => count)).toEqual([1, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('however many strangers there are, a minute has some 400 lines, and nothing is lost', () => {
  const { told, seen, stop } = counting();
  let done = 0;
  for (let minute = 0; minute < 3; minute++) {
    const before = told.length;
    for (let peer = 0; peer < 50_000; peer++, done++) seen('unknown_method', `peer ${peer}`);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(told.length - before).toBeLessThanOrEqual(401);
  }
  stop();
  expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(done);
  expect(told.filter(({ peer }) => peer === 'others')).not.toEqual([]);
});
