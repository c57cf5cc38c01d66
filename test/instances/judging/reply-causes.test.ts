import { describe, expect, test } from 'vitest';
import { refusalKindOf } from '../../../src/domain/disconnect.js';
import { throttle } from '../../../src/instances/account/throttle.js';
import { failedRead, unanswered, whyUnread } from '../../../src/instances/judging/failed-read.js';
import { causeOf } from '../../../src/instances/judging/reply-causes.js';
import type { NoAnswer } from '../../../src/instances/ports/ports.js';

const HIDING = { setting: 'last_seen', from: 'all', to: 'none' } as const;
const PATIENT = { instance: 'desk', throttle: throttle() };

/** Silence, a cut and nonsense are told apart for good: callers act on the reasons. */
const REASONS: Readonly<Record<NoAnswer['cause'], string>> = {
  timeout: 'WHATSAPP_TIMEOUT',
  closed: 'CONNECTION_LOST',
  fault: 'WHATSAPP_UNCLEAR',
  unclear: 'WHATSAPP_UNCLEAR',
};

describe.each(Object.entries(REASONS))('an answer that is missing by %s', (cause, reason) => {
  const reply = { kind: 'no_answer', cause: cause as NoAnswer['cause'], code: 530 } as const;

  test(`is ${reason} of a change, of a read, of a read-back and of a logout`, () => {
    expect(causeOf(reply, HIDING)).toMatchObject({ reason, whatsappCode: 530 });
    expect(failedRead(PATIENT, reply)).toEqual({ kind: reason, instance: 'desk', whatsappCode: 530 });
    expect(whyUnread(reply)).toEqual({ reason, whatsappCode: 530 });
    expect(unanswered('desk', reply).kind).toBe(reason);
  });
});

test('a read that has no reply yet is not answered in time', () => {
  expect(whyUnread(undefined)).toEqual({ reason: 'WHATSAPP_TIMEOUT' });
});

test.each([
  [403, 'WHATSAPP_REJECTED'],
  [429, 'WHATSAPP_RATE_LIMITED'],
])('a read-back that is refused with %d is %s', (code, reason) => {
  expect(whyUnread({ kind: 'refused', code, text: 'no' })).toEqual({ reason, whatsappCode: code });
});

test.each([
  ['silence', { code: 408 }, 'WHATSAPP_TIMEOUT'],
  ['a close', { code: 428 }, 'CONNECTION_LOST'],
  ['the wish for a restart', { code: 515 }, 'CONNECTION_LOST'],
  ['a cause of our own', { code: undefined }, 'CONNECTION_LOST'],
  ['what cannot be read', { code: undefined, isUnclear: true }, 'WHATSAPP_UNCLEAR'],
  ['a fault', { code: 500 }, 'WHATSAPP_UNCLEAR'],
  ['a fault', { code: 503 }, 'WHATSAPP_UNCLEAR'],
  ['a fault', { code: 530 }, 'WHATSAPP_UNCLEAR'],
  ['a limit', { code: 429 }, 'WHATSAPP_RATE_LIMITED'],
  ['a refusal', { code: 403 }, 'WHATSAPP_REJECTED'],
  ['the removal of the device', { code: 516 }, 'WHATSAPP_REJECTED'],
] as const)('a connection that ended by %s (%o) is %s', (_, end, reason) => {
  expect(refusalKindOf(end)).toBe(reason);
});
