import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Disconnect } from '../../../src/domain/disconnect.js';
import { breaker } from '../../../src/instances/connecting/breaker.js';

const MINUTE_MS = 60_000;
const OUTDATED: Disconnect = {
  code: 405,
  text: 'outdated',
  culprit: { kind: 'client_version', version: '2.3000.1', ageDays: 130 },
};
const LIMITED = { code: 429, text: 'limited' };
const OTHERS = [undefined, 401, 402, 403, 405, 406, 408, 409, 411, 428, 440, 500, 501, 503, 515, 516, 599];

/** A breaker on a clock that the test sets, without jitter. */
function breakerAt() {
  const clock = { now: 1_800_000_000_000 };
  const { hold, ...rest } = breaker(
    () => clock.now,
    () => 0.5,
  );
  /** Seconds until the node may dial; 0 when it may. */
  const heldSeconds = () => (hold()?.leftMs ?? 0) / 1000;
  return { clock, hold, heldSeconds, ...rest };
}

describe('a client that WhatsApp calls outdated', () => {
  test('is tried again by one instance in five minutes, until WhatsApp accepts a login', () => {
    const node = breakerAt();
    node.failed(OUTDATED);
    expect(node.heldSeconds()).toBe(300);
    expect(node.hold()?.cause).toBe(OUTDATED);
    node.clock.now += 5 * MINUTE_MS;
    expect(node.hold()).toBeUndefined();
    expect(node.dialling()).toBe('probe');
    expect(node.heldSeconds()).toBe(300);
    node.clock.now += 2000;
    node.accepted();
    expect(node.hold()).toBeUndefined();
    expect(node.dialling()).toBe('freely');
    expect(node.hold()).toBeUndefined();
  });

  test('is tried at once by one instance when it presents itself otherwise', () => {
    const node = breakerAt();
    node.renewed();
    expect(node.hold()).toBeUndefined();
    node.failed(OUTDATED);
    const over = node.hold()?.over;
    node.renewed();
    expect(over?.aborted).toBe(true);
    expect(node.hold()).toBeUndefined();
    expect(node.dialling()).toBe('probe');
    expect(node.heldSeconds()).toBe(300);
  });

  test('is told of with each refusal, as news with the first, and when it is taken again', () => {
    const node = breakerAt();
    const told: unknown[] = [];
    node.listen({ refused: (_, isNews) => told.push(isNews), accepted: () => told.push('accepted') });
    node.accepted();
    node.failed(LIMITED);
    for (let i = 0; i < 3; i++) node.failed(OUTDATED);
    node.accepted();
    node.failed(OUTDATED);
    expect(told).toEqual([true, false, false, 'accepted', true]);
  });

  test('is never tried twice in five minutes, whatever becomes of the tries', () => {
    const event = fc.record({
      waitMs: fc.integer({ min: 0, max: 3 * MINUTE_MS }),
      failure: fc.constantFrom(OUTDATED, LIMITED, { code: 503, text: '' }, undefined),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), events => {
        const node = breakerAt();
        node.failed(OUTDATED);
        let last = node.clock.now;
        for (const { waitMs, failure } of events) {
          node.clock.now += waitMs;
          if (!node.hold()) {
            expect(node.dialling()).toBe('probe');
            expect(node.clock.now - last).toBeGreaterThanOrEqual(5 * MINUTE_MS);
            last = node.clock.now;
          }
          if (failure) node.failed(failure);
        }
      }),
    );
  });
});

describe('a rate limit of WhatsApp', () => {
  test('holds every instance, and longer each time it comes back', () => {
    const node = breakerAt();
    const seconds = Array.from({ length: 12 }, () => {
      node.failed(LIMITED);
      const held = node.heldSeconds();
      node.clock.now += held * 1000;
      expect(node.hold()).toBeUndefined();
      return held;
    });
    expect(seconds).toEqual([8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900]);
  });

  test('counts once for all dials that were under way', () => {
    const node = breakerAt();
    for (let i = 0; i < 16; i++) node.failed(LIMITED);
    expect(node.heldSeconds()).toBe(8);
  });

  test('is not ended by a login that was under way', () => {
    const node = breakerAt();
    node.failed(LIMITED);
    node.accepted();
    expect(node.heldSeconds()).toBe(8);
  });

  test('is forgotten after a quiet quarter of an hour', () => {
    const node = breakerAt();
    node.failed(LIMITED);
    node.clock.now += 8000 + 15 * MINUTE_MS;
    node.failed(LIMITED);
    expect(node.heldSeconds()).toBe(13);
    node.clock.now += 13_000 + 15 * MINUTE_MS + 1;
    node.failed(LIMITED);
    expect(node.heldSeconds()).toBe(8);
  });

  test('and an outdated client hold as long as the longer of the two', () => {
    const node = breakerAt();
    node.failed(LIMITED);
    node.failed(OUTDATED);
    expect(node.hold()?.cause).toBe(OUTDATED);
    node.accepted();
    expect(node.hold()?.cause).toBe(LIMITED);
  });
});

test('any other disconnect holds nobody but its own instance', () => {
  const node = breakerAt();
  for (const code of OTHERS) node.failed({ code, text: '' });
  expect(node.hold()).toBeUndefined();
});
