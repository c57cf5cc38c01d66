import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import type { Change } from '../../../src/domain/settings/waves.js';
import type { SetReply } from '../../../src/instances/account/ports.js';
import { settingEvidence } from '../../../src/instances/judging/evidence.js';
import { openLedger } from '../../../src/instances/judging/ledger.js';

const LAST_SEEN: Change = { setting: 'last_seen', from: 'all', to: 'none' };
const ONLINE: Change = { setting: 'online', from: 'all', to: 'match_last_seen' };
const reports = (values: Snapshot['values']): Snapshot => ({
  values,
  others: [],
  unreadable: [],
  observedAt: new Date(),
});

function entryAfter(reply: SetReply, ...reads: Snapshot[]) {
  const ledger = openLedger([LAST_SEEN], settingEvidence);
  ledger.sending(LAST_SEEN);
  ledger.replied(LAST_SEEN, reply);
  for (const read of reads) ledger.seenLater(read);
  return ledger.outcomes()[0];
}

const NO_ANSWER = { kind: 'no_answer', cause: 'timeout' } as const;
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

  test('no answer came has failed when a read shows the old value', () => {
    expect(entryAfter(NO_ANSWER, reports({ last_seen: 'all' }))).toMatchObject({
      state: 'FAILED',
      cause: { reason: 'WHATSAPP_TIMEOUT' },
    });
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
