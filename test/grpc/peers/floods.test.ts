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

  test('is measured for itself, and a flood is over as soon as it wastes no more than it may', () => {
    const { waste, pass } = watched();
    expect([waste('a', 1_000_000), waste('b', 1000)]).toEqual([true, false]);
    pass(1000);
    expect([waste('a', 100), waste('a', 1)]).toEqual([false, true]);
  });

  test('that flooded is refused as long as it was said, alone', () => {
    const { holdOff, isRefused, pass } = watched();
    expect(isRefused('a')).toBe(false);
    holdOff('a');
    pass(59_999);
    expect([isRefused('a'), isRefused('b')]).toEqual([true, false]);
    pass(1);
    expect(isRefused('a')).toBe(false);
  });

  test('that flooded is not refused where a call was accepted in the last ten minutes: it waits in a line', () => {
    const { accepted, holdOff, isRefused, turn, pass } = watched();
    accepted('a');
    pass(600_000 - 1);
    holdOff('a');
    expect(isRefused('a')).toBe(false);
    expect([1, 2, 3].map(() => turn('a'))).toEqual([50, 100, 150]);
    pass(1);
    expect(isRefused('a')).toBe(true);
  });

  test('has its connections one after another when many come at once', () => {
    const { turn, pass } = watched();
    const waits = Array.from({ length: 15 }, () => turn('a'));
    expect(waits.filter(wait => wait === 0)).toHaveLength(10);
    expect(waits.slice(10)).toEqual([4, 8, 12, 16, 20]);
    expect(turn('b')).toBe(0);
    pass(1_000);
    expect(turn('a')).toBe(0);
  });

  test('is forgotten when ten thousand others came after it', () => {
    const { holdOff, isRefused } = watched();
    for (let peer = 0; peer <= 10_000; peer++) holdOff(String(peer));
    expect([isRefused('0'), isRefused('1')]).toEqual([false, true]);
  });
});
