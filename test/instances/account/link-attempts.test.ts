import { describe, expect, test } from 'vitest';
import type { PrivacyError } from '../../../src/domain/errors.js';
import { type LinkLimits, linkAttempts } from '../../../src/instances/account/link-attempts.js';

const HOUR_MS = 3_600_000;
const ANNA = '+15550100101';

/** Attempts on a clock that the test sets; what is told of each. */
function attemptsAt(limits: Partial<LinkLimits>) {
  const clock = { now: 0 };
  const attempts = linkAttempts({ perInstance: 0, perNumber: 0, perNode: 0, ...limits }, () => clock.now);
  const attempt = (instance: string, phoneNumber?: string) => {
    try {
      return { giveBack: attempts.count(instance, phoneNumber) };
    } catch (error) {
      return { problem: (error as PrivacyError).problem };
    }
  };
  const refused = (...args: Parameters<typeof attempt>) => attempt(...args).problem !== undefined;
  return { clock, attempt, refused };
}

describe('attempts to link', () => {
  test('of one instance are so many in any hour', () => {
    const { clock, attempt, refused } = attemptsAt({ perInstance: 3 });
    for (clock.now of [0, 10_000, 20_000]) expect(refused('desk')).toBe(false);
    clock.now = 30_000;
    expect(attempt('desk').problem).toEqual({
      kind: 'RATE_LIMITED',
      limit: 3,
      periodSeconds: 3600,
      unit: 'attempts to link the instance',
      subject: 'instance:desk',
      retryAfterMs: HOUR_MS - 30_000,
    });
    expect(refused('other')).toBe(false);
    clock.now = HOUR_MS - 1;
    expect(refused('desk')).toBe(true);
    clock.now = HOUR_MS;
    expect(refused('desk')).toBe(false);
    expect(attempt('desk').problem).toMatchObject({ retryAfterMs: 10_000 });
  });

  test('of one phone number are so many, whichever instances ask, and its name is told to nobody', () => {
    const { attempt, refused } = attemptsAt({ perNumber: 2 });
    expect([refused('a', ANNA), refused('b', ANNA)]).toEqual([false, false]);
    const { problem } = attempt('c', ANNA);
    expect(problem).toMatchObject({ limit: 2, subject: 'phonenumber:+*******0101' });
    expect(JSON.stringify(problem)).not.toContain('155501');
    expect([refused('c', '+15550100102'), refused('c')]).toEqual([false, false]);
  });

  test('of one node are so many, whatever they are for', () => {
    const { attempt, refused } = attemptsAt({ perNode: 2 });
    expect([refused('a'), refused('b', ANNA)]).toEqual([false, false]);
    expect(attempt('c').problem).toMatchObject({ limit: 2, subject: 'node' });
  });

  test('say when all limits let one through again', () => {
    const { clock, attempt } = attemptsAt({ perInstance: 1, perNode: 2 });
    attempt('a');
    clock.now = 1000;
    attempt('b');
    clock.now = 2000;
    expect(attempt('b').problem).toMatchObject({ subject: 'instance:b', retryAfterMs: HOUR_MS - 1000 });
    expect(attempt('a').problem).toMatchObject({ retryAfterMs: HOUR_MS - 2000 });
  });

  test('that are refused or given back count for nothing', () => {
    const { attempt, refused } = attemptsAt({ perInstance: 1, perNumber: 1, perNode: 1 });
    attempt('desk', ANNA).giveBack?.();
    expect(refused('desk', ANNA)).toBe(false);
    for (let i = 0; i < 5; i++) expect(refused('desk', ANNA)).toBe(true);
  });

  test('without limits take no more memory than so many attempts need', () => {
    const { attempt, refused } = attemptsAt({ perNumber: 1 });
    attempt('desk', ANNA);
    for (let i = 0; i < 9_999; i++) attempt('desk');
    expect(refused('desk', ANNA)).toBe(true);
    attempt('desk');
    attempt('desk');
    expect(refused('desk', ANNA)).toBe(false);
  });
});
