import { describe, expect, test } from 'vitest';
import { planUpdate } from '../../../src/domain/settings/plan.js';
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

  test('locks what Strict Account Settings lock, also under a mode without a name', () => {
    const strict = snapshot({ values: { defense: 'on_standard' } });
    expect(isLocked(strict, 'last_seen')).toBe(true);
    expect(isLocked(strict, 'read_receipts')).toBe(false);
    expect(isLocked(snapshot({ values: { defense: 'off' } }), 'last_seen')).toBe(false);
    expect(isLocked(snapshot({ others: [{ category: 'defense', value: 'on_extra' }] }), 'online')).toBe(true);
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
