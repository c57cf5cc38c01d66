import { array, assert, integer, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slidingWindow } from '../../src/access/rate-limit.js';

const perMinute = (limit: number) => slidingWindow({ limit, periodMs: 60_000, maxKeys: 100 });

describe('a limit of three calls a minute', () => {
  test('allows three calls, counts down, and says when the next will be allowed', () => {
    const window = perMinute(3);
    expect([0, 10_000, 20_000, 30_000].map(now => window.take('a', now))).toEqual([
      { allowed: true, remaining: 2, retryAfterMs: 0, resetAfterMs: 60_000 },
      { allowed: true, remaining: 1, retryAfterMs: 0, resetAfterMs: 60_000 },
      { allowed: true, remaining: 0, retryAfterMs: 40_000, resetAfterMs: 60_000 },
      { allowed: false, remaining: 0, retryAfterMs: 30_000, resetAfterMs: 50_000 },
    ]);
    expect(window.take('a', 59_999).allowed).toBe(false);
    expect(window.take('a', 60_000)).toMatchObject({ allowed: true, remaining: 0, retryAfterMs: 10_000 });
    expect(window.take('a', 60_001).allowed).toBe(false);
  });

  test('does not count refused calls', () => {
    const window = perMinute(3);
    for (const now of [0, 0, 0]) window.take('a', now);
    for (let now = 1; now < 60_000; now += 7) expect(window.take('a', now).allowed).toBe(false);
    expect(window.take('a', 60_000)).toMatchObject({ allowed: true, remaining: 2 });
  });

  test('counts each key for itself', () => {
    const window = perMinute(3);
    for (const key of ['a', 'a', 'a', 'b']) window.take(key, 0);
    expect([window.take('a', 1).allowed, window.take('b', 1).allowed]).toEqual([false, true]);
  });

  test('forgets the keys unused longest when there are too many', () => {
    const window = slidingWindow({ limit: 1, periodMs: 60_000, maxKeys: 2 });
    for (const key of ['a', 'b', 'a', 'c']) window.take(key, 0);
    expect(window.take('a', 1).allowed).toBe(false);
    expect(window.take('b', 1).allowed).toBe(true);
  });
});

test('a high limit costs a key no room before it is used', () => {
  const window = slidingWindow({ limit: 100_000, periodMs: 60_000, maxKeys: 100_000 });
  const before = process.memoryUsage().arrayBuffers;
  for (let key = 0; key < 2_000; key++) window.take(String(key), 0);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  expect(window.take('0', 1).remaining).toBe(99_998);
});

test('no wait is longer than the period, whatever fractions the clock shows', () => {
  const window = perMinute(1);
  for (let index = 0; index < 1_000; index++) {
    const now = index * 60_001.123456789;
    expect(window.take('key', now).resetAfterMs).toBe(60_000);
    expect(window.take('key', now).retryAfterMs).toBe(60_000);
  }
});

test('a high limit holds exactly', () => {
  const window = slidingWindow({ limit: 1_000, periodMs: 60_000, maxKeys: 1 });
  for (let now = 0; now < 1_000; now++) expect(window.take('key', now).remaining).toBe(999 - now);
  expect(window.take('key', 1_000)).toMatchObject({ allowed: false, retryAfterMs: 59_000 });
  expect(window.take('key', 60_499).remaining).toBe(499);
});

test('no window anywhere holds more calls than the limit, and a call is allowed after the wait it was told', () => {
  const wait = oneof(integer({ min: 0, max: 40 }), integer({ min: 0, max: 3 }));
  const calls = array(record({ wait, patient: integer({ min: 0, max: 3 }) }), { maxLength: 200 });
  const limits = oneof(integer({ min: 1, max: 7 }), integer({ min: 15, max: 70 }));
  assert(
    property(limits, integer({ min: 1, max: 100 }), calls, (limit, periodMs, waits) => {
      const window = slidingWindow({ limit, periodMs, maxKeys: 1 });
      const allowed: number[] = [];
      let now = 0;
      let toldToWait = 0;
      for (const { wait, patient } of waits) {
        const waitsAsTold = patient === 0;
        now += waitsAsTold ? toldToWait : wait;
        const decision = window.take('key', now);
        if (waitsAsTold) expect(decision.allowed).toBe(true);
        if (decision.allowed) allowed.push(now);
        // Exact both ways: a call is refused only when the window that ends with it is full.
        const inWindow = allowed.filter(time => time > now - periodMs).length;
        expect(decision.remaining).toBe(limit - inWindow);
        if (!decision.allowed) expect(inWindow).toBe(limit);
        toldToWait = decision.retryAfterMs;
      }
      for (const start of allowed) {
        const within = allowed.filter(time => time >= start && time < start + periodMs);
        expect(within.length).toBeLessThanOrEqual(limit);
      }
    }),
  );
});
