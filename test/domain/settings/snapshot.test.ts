import { describe, expect, test } from 'vitest';
import { planUpdate } from '../../../src/domain/settings/plan.js';
import type { Setting } from '../../../src/domain/settings/settings-table.js';
import {
  etagOf,
  isLocked,
  isReported,
  reportedValue,
  type Snapshot,
} from '../../../src/domain/settings/snapshot.js';

const snapshot = (parts: Partial<Snapshot>): Snapshot => ({
  values: {},
  others: [],
  unreadable: [],
  categories: [],
  observedAt: new Date(0),
  ...parts,
});

describe('a snapshot', () => {
  const mixed = snapshot({
    values: { last_seen: 'contacts' },
    others: [{ category: 'calladd', value: 'contacts' }],
    unreadable: [{ category: 'profile', code: 500, text: 'internal' }],
  });

  test('reports a value without a name word for word', () => {
    expect(reportedValue(mixed, 'call_add')).toBe('contacts');
  });

  test('counts a setting as reported when WhatsApp sent a value, an unknown value or an error', () => {
    expect(isReported(mixed, 'last_seen')).toBe(true);
    expect(isReported(mixed, 'call_add')).toBe(true);
    expect(isReported(mixed, 'profile')).toBe(true);
    expect(isReported(mixed, 'messages')).toBe(false);
  });

  test('keeps its etag when only the time of observation differs', () => {
    expect(etagOf({ ...mixed, observedAt: new Date(5) })).toBe(etagOf(mixed));
  });

  test.each([
    ['a value', { ...mixed, values: { last_seen: 'none' as const } }],
    ['a setting', { ...mixed, values: { ...mixed.values, online: 'all' as const } }],
    ['an unknown category', { ...mixed, others: [] }],
    ['an unreadable category', { ...mixed, unreadable: [] }],
  ])('has another etag when %s differs', (_, other) => {
    expect(etagOf(other)).not.toBe(etagOf(mixed));
  });
});

/** The seven of the ten that WhatsApp Web disables and that are among these settings (WAWebDefenseModeUtils). */
const LOCKED: Readonly<Record<Setting, boolean>> = {
  last_seen: true,
  status: true,
  profile: true,
  online: true,
  call_add: true,
  group_add: true,
  messages: true,
  read_receipts: false,
  default_disappearing_timer: false,
  stickers: false,
  // Kept for the phone anyway.
  defense: false,
};

describe('Strict Account Settings', () => {
  test.each(Object.entries(LOCKED) as [Setting, boolean][])('lock %s: %s', (setting, locked) => {
    const strict = snapshot({ values: { defense: 'on_standard' } });
    expect(isLocked(strict, setting)).toBe(locked);
  });

  test('lock also under a mode without a name, and nothing while they are off or not reported', () => {
    expect(isLocked(snapshot({ others: [{ category: 'defense', value: 'on_extra' }] }), 'online')).toBe(true);
    expect(isLocked(snapshot({ values: { defense: 'off' } }), 'online')).toBe(false);
    expect(isLocked(snapshot({}), 'online')).toBe(false);
  });
});

describe('the plan of an update', () => {
  const base = snapshot({ values: { last_seen: 'all', online: 'all', defense: 'on_standard' } });

  test('leaves out what already has the value, and does not call it locked', () => {
    const plan = planUpdate(base, { last_seen: 'all', online: 'match_last_seen' });
    expect(plan.unchanged.map(({ setting }) => setting)).toEqual(['last_seen']);
    expect(plan.changes).toEqual([{ setting: 'online', from: 'all', to: 'match_last_seen' }]);
    expect(plan.locked).toEqual(['online']);
  });

  test('names every setting that the account does not report', () => {
    expect(planUpdate(base, { messages: 'all', call_add: 'known' }).unavailable).toEqual([
      'call_add',
      'messages',
    ]);
  });
});
