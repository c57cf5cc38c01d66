import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../../src/instances/account/account.js';
import { type Budget, budget, COST, type Iqs } from '../../../src/instances/account/budget.js';
import { reserve } from '../../../src/instances/account/reservation.js';

const HOUR_MS = 3_600_000;

/** A budget on a clock that the test sets. */
function budgetAt(perHour: Iqs) {
  const clock = { now: 0 };
  return { clock, budget: budget('desk', perHour, () => clock.now) };
}
const drain = (from: Budget, of: Iqs): number => {
  let taken = 0;
  while (!from.take(of)) taken++;
  return taken;
};

describe('the budget of an instance', () => {
  test('lets a burst leave at once, and then so many an hour', () => {
    const { clock, budget } = budgetAt({ sets: 240, reads: 1200 });
    expect(drain(budget, COST.sets)).toBe(40);
    expect(drain(budget, COST.reads)).toBe(60);
    clock.now = HOUR_MS / 10;
    expect(drain(budget, COST.sets)).toBe(24);
    expect(drain(budget, COST.reads)).toBe(60);
    clock.now = 10 * HOUR_MS;
    expect(drain(budget, COST.sets)).toBe(40);
  });

  test('says whose it is, how much it is and when there is enough again', () => {
    const { clock, budget } = budgetAt({ sets: 240, reads: 1200 });
    budget.take({ sets: 38, reads: 0 });
    const wanted = { sets: 7, reads: 3 };
    expect(budget.take(wanted)).toEqual({
      kind: 'RATE_LIMITED',
      limit: 240,
      periodSeconds: 3600,
      subject: 'instance:desk',
      unit: 'changes of the instance',
      retryAfterMs: 75_000,
    });
    clock.now = 74_999;
    expect(budget.take(wanted)).toMatchObject({ retryAfterMs: 1 });
    clock.now = 75_000;
    expect(budget.take(wanted)).toBeUndefined();
  });

  test('gives all that was asked for, or takes nothing', () => {
    const { budget } = budgetAt({ sets: 240, reads: 1200 });
    drain(budget, COST.reads);
    expect(budget.take({ sets: 40, reads: 1 })).toMatchObject({ limit: 1200, unit: 'reads of the instance' });
    expect(budget.take({ sets: 40, reads: 0 })).toBeUndefined();
  });

  test('of 0 has no limit', () => {
    const { budget } = budgetAt({ sets: 0, reads: 0 });
    for (let i = 0; i < 10_000; i++) expect(budget.take({ sets: 40, reads: 60 })).toBeUndefined();
  });

  test('never gives more than its burst and what the time has earned, whatever is asked and given back', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: HOUR_MS / 4 }),
      asked: fc.integer({ min: 0, max: 40 }),
      unusedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.array(step, { maxLength: 60 }), (perHour, steps) => {
        const { clock, budget } = budgetAt({ sets: perHour, reads: 0 });
        const sent: { at: number; count: number }[] = [];
        for (const { waitMs, asked, unusedShare } of steps) {
          clock.now += waitMs;
          if (budget.take({ sets: asked, reads: 0 })) continue;
          const unused = Math.floor(asked * unusedShare);
          budget.giveBack({ sets: unused, reads: 0 });
          sent.push({ at: clock.now, count: asked - unused });
        }
        for (const [index, first] of sent.entries()) {
          let count = 0;
          for (const { at, count: more } of sent.slice(index)) {
            count += more;
            expect(count).toBeLessThanOrEqual(40 + ((at - first.at) * perHour) / HOUR_MS + 1e-6);
          }
        }
      }),
    );
  });

  test.each([1, 20, 240, 1200, 5000])('of %d lets no more through in any hour', perHour => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: HOUR_MS / 4 }), { maxLength: 200 }), pauses => {
        const { clock, budget } = budgetAt({ sets: perHour, reads: 0 });
        const times: number[] = [];
        for (const pause of pauses) {
          clock.now += pause;
          times.push(...Array<number>(drain(budget, COST.sets)).fill(clock.now));
        }
        return times.every((time, index) => time - (times[index - perHour] ?? -Infinity) >= HOUR_MS);
      }),
    );
  });

  test('below the burst lets all of it leave at once', () => {
    const { budget } = budgetAt({ sets: 20, reads: 0 });
    expect(drain(budget, COST.sets)).toBe(20);
  });

  test('lets work that needs more than all of it have its turn, after an hour of nothing', () => {
    const { clock, budget } = budgetAt({ sets: 5, reads: 0 });
    expect(budget.take({ sets: 7, reads: 0 })).toBeUndefined();
    clock.now = HOUR_MS - 1;
    expect(budget.take(COST.sets)).toMatchObject({ limit: 5 });
    clock.now = 2 * HOUR_MS;
    expect(budget.take({ sets: 7, reads: 0 })).toBeUndefined();
  });

  test('is there again when it said so', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
        (perHour, wishes) => {
          const { clock, budget } = budgetAt({ sets: perHour, reads: 0 });
          for (const sets of wishes) {
            const refused = budget.take({ sets, reads: 0 });
            if (!refused) continue;
            clock.now += refused.retryAfterMs;
            expect(budget.take({ sets, reads: 0 })).toBeUndefined();
          }
        },
      ),
    );
  });
});

describe('work that is paid for in advance', () => {
  /** Only what paying looks at. */
  const accountWith = (budget: Budget) => ({ budget }) as Account;

  test('gives back what it did not send', () => {
    const { budget } = budgetAt({ sets: 240, reads: 1200 });
    {
      using paid = reserve(accountWith(budget), { sets: 18, reads: 12 });
      paid.account.spend('sets');
      paid.account.spend('sets');
      paid.account.spend('reads');
      expect(budget.take({ sets: 23, reads: 0 })).toBeDefined();
    }
    expect(budget.take({ sets: 39, reads: 0 })).toBeDefined();
    expect(budget.take({ sets: 38, reads: 59 })).toBeUndefined();
  });

  test('pays for one kind by itself and leaves the others to whoever paid for them', () => {
    const { budget } = budgetAt({ sets: 240, reads: 1200, lookups: 100 });
    {
      using outer = reserve(accountWith(budget), { reads: 12 });
      using inner = reserve(outer.account, { lookups: 40 });
      inner.account.spend('reads');
      inner.account.spend('lookups', 30);
    }
    expect(budget.take({ reads: 59, lookups: 71 })).toMatchObject({ limit: 100 });
    expect(budget.take({ reads: 59, lookups: 70 })).toBeUndefined();
  });

  test('pays afterwards for what was not foreseen', () => {
    const { budget } = budgetAt({ lookups: 100 });
    {
      using paid = reserve(accountWith(budget), { lookups: 10 });
      paid.account.spend('lookups', 25);
    }
    expect(budget.take({ lookups: 76 })).toBeDefined();
    expect(budget.take({ lookups: 75 })).toBeUndefined();
  });

  test('is refused as a whole when the budget has not enough for it', () => {
    const { budget } = budgetAt({ sets: 240, reads: 1200 });
    budget.take({ sets: 39, reads: 0 });
    expect(() => reserve(accountWith(budget), { sets: 2, reads: 6 })).toThrow('RATE_LIMITED');
    expect(budget.take({ sets: 1, reads: 60 })).toBeUndefined();
  });
});
