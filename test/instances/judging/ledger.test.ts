import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import type { Change } from '../../../src/domain/settings/waves.js';
import { settingEvidence } from '../../../src/instances/judging/evidence.js';
import { openLedger } from '../../../src/instances/judging/ledger.js';
import type { SetReply } from '../../../src/instances/ports/ports.js';

const LAST_SEEN: Change = { setting: 'last_seen', from: 'all', to: 'none' };
const ONLINE: Change = { setting: 'online', from: 'all', to: 'match_last_seen' };
const reports = (values: Snapshot['values']): Snapshot => ({
  values,
  others: [],
  categories: [],
  unreadable: [],
  observedAt: new Date(),
});

function entryAfter(reply: SetReply, ...reads: Snapshot[]) {
  const ledger = openLedger([LAST_SEEN], settingEvidence);
  ledger.sending(LAST_SEEN);
  ledger.replied(LAST_SEEN, reply);
  for (const read of reads) ledger.looking()(read, true);
  return ledger.outcomes()[0];
}

function sent() {
  const ledger = openLedger([LAST_SEEN], settingEvidence);
  ledger.sending(LAST_SEEN);
  return ledger;
}

const NO_ANSWER = { kind: 'no_answer', cause: 'timeout' } as const;
const CLOSED = { kind: 'no_answer', cause: 'closed' } as const;
const REFUSED = { kind: 'refused', code: 403, text: 'forbidden' } as const;

describe('a change of which', () => {
  test('nothing is known yet is unknown, not failed', () => {
    const ledger = openLedger([LAST_SEEN], settingEvidence);
    ledger.sending(LAST_SEEN);
    expect(ledger.outcomes()[0]?.state).toBe('UNKNOWN');
    expect(ledger.hasUnknown()).toBe(true);
  });

  test('a confirmation came is applied, also when no read follows', () => {
    expect(entryAfter({ kind: 'confirmed' })).toMatchObject({ state: 'APPLIED' });
  });

  test('a confirmation came that a read disproves has failed', () => {
    expect(entryAfter({ kind: 'confirmed' }, reports({ last_seen: 'all' }))).toMatchObject({
      state: 'FAILED',
    });
  });

  test('a confirmation came and a read shows a third value is unknown', () => {
    expect(entryAfter({ kind: 'confirmed' }, reports({ last_seen: 'contacts' }))).toMatchObject({
      state: 'UNKNOWN',
    });
  });

  test('a refusal came has failed with its code', () => {
    expect(entryAfter(REFUSED, reports({ last_seen: 'all' }))).toMatchObject({
      state: 'FAILED',
      cause: { reason: 'WHATSAPP_REJECTED', whatsappCode: 403 },
    });
  });

  test('no answer came is applied when a read shows the new value', () => {
    expect(entryAfter(NO_ANSWER, reports({ last_seen: 'none' }))).toEqual({
      setting: 'last_seen',
      state: 'APPLIED',
      previous: 'all',
      requested: 'none',
    });
  });

  test('no answer came is unknown when a read shows the old value: it may come yet', () => {
    expect(entryAfter(NO_ANSWER, reports({ last_seen: 'all' }))).toMatchObject({
      state: 'UNKNOWN',
      cause: { reason: 'WHATSAPP_TIMEOUT', message: expect.stringContaining('may still take effect') },
    });
  });

  test.each([
    ['a refusal', REFUSED, 'FAILED'],
    ['a confirmation', { kind: 'confirmed' }, 'APPLIED'],
    ['a fault', { kind: 'no_answer', cause: 'fault', code: 500 }, 'UNKNOWN'],
    ['the end of the connection', CLOSED, 'UNKNOWN'],
  ] as const)('the answer came late is as %s says', (_, late, state) => {
    const ledger = sent();
    ledger.replied(LAST_SEEN, NO_ANSWER);
    expect(ledger.isAwaiting()).toBe(true);
    ledger.repliedLate(LAST_SEEN, late);
    expect(ledger.isAwaiting()).toBe(false);
    expect(ledger.outcomes()).toMatchObject([{ state }]);
  });

  test('a fault came has failed when a read shows the old value: nothing more can come', () => {
    const fault = { kind: 'no_answer', cause: 'fault', code: 500 } as const;
    expect(entryAfter(fault, reports({ last_seen: 'all' }))).toMatchObject({ state: 'FAILED' });
  });

  test('the connection ended has failed when a read over the next one shows the old value', () => {
    const ledger = sent();
    ledger.replied(LAST_SEEN, CLOSED);
    ledger.looking()(reports({ last_seen: 'all' }), true);
    expect(ledger.outcomes()).toMatchObject([{ state: 'UNKNOWN' }]);
    ledger.looking()(reports({ last_seen: 'all' }), false);
    expect(ledger.outcomes()).toMatchObject([{ state: 'FAILED' }]);
  });

  test('a read has proved stays applied, whatever comes late', () => {
    const ledger = sent();
    ledger.replied(LAST_SEEN, NO_ANSWER);
    ledger.looking()(reports({ last_seen: 'none' }), true);
    ledger.repliedLate(LAST_SEEN, CLOSED);
    expect(ledger.outcomes()).toMatchObject([{ state: 'APPLIED' }]);
  });

  test('no answer came stays unknown when a read does not name the setting', () => {
    expect(entryAfter(NO_ANSWER, reports({ online: 'all' }))).toMatchObject({ state: 'UNKNOWN' });
  });

  test('the stanza could not leave is not attempted, whatever a read shows', () => {
    expect(entryAfter({ kind: 'not_sent' }, reports({ last_seen: 'none' }))).toMatchObject({
      state: 'NOT_ATTEMPTED',
    });
  });
});

test('changes that were never sent name what stopped them', () => {
  const ledger = openLedger([LAST_SEEN, ONLINE], settingEvidence);
  ledger.sending(LAST_SEEN);
  const cause = ledger.replied(LAST_SEEN, REFUSED);
  if (cause) ledger.stoppedBy(cause);
  expect(ledger.outcomes()[1]).toMatchObject({
    state: 'NOT_ATTEMPTED',
    cause: { reason: 'WHATSAPP_REJECTED' },
  });
});

test.each([
  [{ kind: 'confirmed' }, 'APPLIED'],
  [{ kind: 'no_answer', cause: 'fault' }, 'UNKNOWN'],
] as const)('a read that left before a late reply (%o) does not deny it: %s', (reply, state) => {
  const ledger = sent();
  ledger.replied(LAST_SEEN, NO_ANSWER);
  const saw = ledger.looking();
  ledger.repliedLate(LAST_SEEN, reply);
  saw(reports({ last_seen: 'all' }), true);
  expect(ledger.outcomes()).toMatchObject([{ state }]);
});

describe('a change after the end of its connection', () => {
  const resendsAfter = (reply: SetReply) => {
    const ledger = sent();
    ledger.replied(LAST_SEEN, reply);
    ledger.looking()(reports({ last_seen: 'all' }), false);
    expect(ledger.resume()).toBe(true);
    ledger.sending(LAST_SEEN);
    ledger.replied(LAST_SEEN, { kind: 'confirmed' });
    return ledger.outcomes()[0]?.resends;
  };

  test('counts as sent once more', () => {
    expect(resendsAfter(CLOSED)).toBe(1);
  });

  test('does not where it had not left before', () => {
    expect(resendsAfter({ kind: 'not_sent' })).toBeUndefined();
  });
});

describe('a setting that had its value already', () => {
  const opened = () => openLedger([ONLINE], settingEvidence, { unchanged: [{ ...LAST_SEEN, from: 'none' }] });

  test('is unchanged as long as every read says so', () => {
    const ledger = opened();
    ledger.looking()(reports({ last_seen: 'none' }), true);
    expect(ledger.agreesWith(reports({ last_seen: 'none' }))).toBe(true);
    expect(ledger.unchanged()).toMatchObject([{ setting: 'last_seen', state: 'UNCHANGED' }]);
  });

  test('is neither unchanged nor applied when a read shows another value', () => {
    const ledger = opened();
    expect(ledger.agreesWith(reports({ last_seen: 'all' }))).toBe(false);
    ledger.looking()(reports({ last_seen: 'all' }), true);
    expect(ledger.unchanged()).toMatchObject([
      { state: 'UNKNOWN', cause: { reason: 'ETAG_MISMATCH', message: expect.stringContaining('"all"') } },
    ]);
    expect(ledger.failure()).toMatchObject({ reason: 'ETAG_MISMATCH' });
  });

  test('is no change: it is not among the outcomes of those, and nothing is waited for', () => {
    expect(opened().outcomes()).toMatchObject([{ setting: 'online', state: 'NOT_ATTEMPTED' }]);
    expect(opened().hasUnknown()).toBe(false);
  });
});

describe('a change that its confirmation does not prove', () => {
  const unproved = { reason: 'WHATSAPP_TIMEOUT', message: 'not read back' } as const;
  const confirmed = () => {
    const ledger = openLedger([LAST_SEEN], settingEvidence, { unproved: () => unproved });
    ledger.sending(LAST_SEEN);
    ledger.replied(LAST_SEEN, { kind: 'confirmed' });
    return ledger;
  };

  test('is unknown until a read shows it', () => {
    const ledger = confirmed();
    expect(ledger.outcomes()).toMatchObject([{ state: 'UNKNOWN', cause: unproved }]);
    ledger.looking()(reports({ last_seen: 'none' }), true);
    expect(ledger.outcomes()).toMatchObject([{ state: 'APPLIED' }]);
  });

  test('has failed when a read shows that nothing has changed', () => {
    const ledger = confirmed();
    ledger.looking()(reports({ last_seen: 'all' }), true);
    expect(ledger.outcomes()).toMatchObject([{ state: 'FAILED', cause: { reason: 'WHATSAPP_REJECTED' } }]);
  });
});

describe('a confirmed change that a read right behind it denies', () => {
  const stateWith = (later: Snapshot) => {
    const ledger = sent();
    ledger.replied(LAST_SEEN, { kind: 'confirmed' });
    ledger.looking()(later, true);
    ledger.contradicted(reports({ last_seen: 'all' }), later);
    return ledger.outcomes()[0]?.state;
  };

  test('is unknown when no later read tells of it', () => {
    expect(stateWith(reports({}))).toBe('UNKNOWN');
  });

  test('is what a later read shows', () => {
    expect(stateWith(reports({ last_seen: 'none' }))).toBe('APPLIED');
  });
});
