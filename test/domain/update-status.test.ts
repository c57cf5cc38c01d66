import { describe, expect, test } from 'vitest';
import type { Cause, Outcome } from '../../src/domain/outcome.js';
import { firstMissed, problemOf } from '../../src/domain/update-status.js';

const because = (reason: Cause['reason'], whatsappCode?: number): Cause => ({
  reason,
  message: reason,
  ...(whatsappCode !== undefined && { whatsappCode }),
});
const outcome = (setting: Outcome['setting'], state: Outcome['state'], cause?: Cause): Outcome => ({
  setting,
  state,
  previous: 'all',
  requested: 'none',
  ...(cause && { cause }),
});
const verdict = (outcomes: Outcome[], outOfTime = false) =>
  problemOf({ instance: 'desk', outcomes, settings: undefined, sent: true }, outOfTime, 60_000);

describe('the status of an update', () => {
  test('is OK when every setting is applied, unchanged or would change', () => {
    const outcomes = [outcome('last_seen', 'APPLIED'), outcome('online', 'UNCHANGED')];
    expect(verdict([...outcomes, outcome('profile', 'WOULD_CHANGE')])).toBeUndefined();
  });

  test('is DEADLINE_TOO_SHORT when the time ran out, whatever else happened', () => {
    const outcomes = [
      outcome('last_seen', 'APPLIED'),
      outcome('online', 'NOT_ATTEMPTED', because('DEADLINE_TOO_SHORT')),
    ];
    expect(verdict(outcomes, true)).toEqual({ kind: 'DEADLINE_TOO_SHORT', instance: 'desk' });
  });

  test('is that of the one reason when nothing was applied', () => {
    const refused = outcome('last_seen', 'FAILED', because('WHATSAPP_REJECTED', 403));
    expect(verdict([refused, outcome('online', 'NOT_ATTEMPTED', because('WHATSAPP_REJECTED'))])).toEqual({
      kind: 'WHATSAPP_REJECTED',
      instance: 'desk',
      setting: 'last_seen',
      whatsappCode: 403,
    });
  });

  test('is that of the one reason when all that was applied is rolled back', () => {
    const outcomes = [
      outcome('last_seen', 'ROLLED_BACK'),
      outcome('online', 'FAILED', because('WHATSAPP_RATE_LIMITED', 429)),
    ];
    expect(verdict(outcomes)).toMatchObject({ kind: 'WHATSAPP_RATE_LIMITED', retryAfterMs: 60_000 });
  });

  test.each([
    ['something was applied', outcome('last_seen', 'APPLIED')],
    ['something is unknown', outcome('last_seen', 'UNKNOWN', because('WHATSAPP_REJECTED'))],
    ['reasons differ', outcome('last_seen', 'FAILED', because('WHATSAPP_TIMEOUT'))],
  ])('is PARTIAL_UPDATE when %s', (_, other) => {
    const refused = outcome('online', 'FAILED', because('WHATSAPP_REJECTED'));
    expect(verdict([other, refused])).toMatchObject({ kind: 'PARTIAL_UPDATE' });
  });

  test('is PARTIAL_UPDATE when the one change left is applied against the wish to roll back', () => {
    const stuck = outcome('last_seen', 'APPLIED', because('WHATSAPP_REJECTED'));
    const outcomes = [outcome('online', 'ROLLED_BACK'), stuck];
    expect(verdict(outcomes)).toMatchObject({ kind: 'PARTIAL_UPDATE', setting: 'last_seen' });
  });

  test('is about the first setting that was missed in the order sent', () => {
    const outcomes = [
      outcome('status', 'APPLIED'),
      outcome('online', 'NOT_ATTEMPTED', because('WHATSAPP_REJECTED')),
      outcome('last_seen', 'FAILED', because('WHATSAPP_REJECTED')),
    ];
    expect(firstMissed(outcomes)?.setting).toBe('online');
    expect(verdict(outcomes)).toMatchObject({ kind: 'PARTIAL_UPDATE', setting: 'online' });
  });
});
