import { describe, expect, test } from 'vitest';
import { floods } from '../../../src/grpc/peers/floods.js';

function watched() {
  let now = 0;
  const limits = { wastePerSecond: 100, wasteBurst: 1000, refusedMs: 60_000 };
  const pass = (ms: number) => {
    now += ms;
  };
  return { ...floods(limits, () => now), pass };
}

describe('an address', () => {
  test('may waste its burst at once, and no more', () => {
    const { waste } = watched();
    expect([waste('a', 1000), waste('a', 1)]).toEqual([false, true]);
  });

  test('may waste for ever what a second allows', () => {
    const { waste, pass } = watched();
    waste('a', 1000);
    for (let second = 0; second < 1000; second++) {
      pass(1000);
      expect(waste('a', 100)).toBe(false);
    }
    expect(waste('a', 1)).toBe(true);
  });

  test('is measured for itself, and a flood is over some time after it', () => {
    const { waste, pass } = watched();
    expect([waste('a', 1_000_000), waste('b', 1000)]).toEqual([true, false]);
    pass(9_900);
    expect(waste('a', 0)).toBe(true);
    pass(200);
    expect(waste('a', 0)).toBe(false);
  });

  test('is refused as long as it was said, alone', () => {
    const { refuse, isRefused, pass } = watched();
    expect(isRefused('a')).toBe(false);
    refuse('a');
    pass(59_999);
    expect([isRefused('a'), isRefused('b')]).toEqual([true, false]);
    pass(1);
    expect(isRefused('a')).toBe(false);
  });

  test('is forgotten when ten thousand others came after it', () => {
    const { refuse, isRefused } = watched();
    for (let peer = 0; peer <= 10_000; peer++) refuse(String(peer));
    expect([isRefused('0'), isRefused('1')]).toEqual([false, true]);
  });
});
