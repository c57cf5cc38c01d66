import type { BinaryNode } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import {
  isLasting,
  parseTimerReply,
  parseTimerSetReply,
  timerReadStanza,
  timerSetStanza,
  withTimer,
} from '../../../src/whatsapp/privacy/disappearing-timer-protocol.js';

const UNCLEAR = { kind: 'no_answer', cause: 'unclear' } as const;
const TIMEOUT = { kind: 'no_answer', cause: 'timeout' } as const;

const element = (tag: string, attrs: Record<string, string> = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
});
const mode = (attrs: Record<string, string>) => element('disappearing_mode', attrs);
const error = (code: string) => element('error', { code, text: 'text' });
const result = (...content: BinaryNode[]) => element('iq', { type: 'result', id: '1' }, ...content);
const refusal = (...content: BinaryNode[]) => element('iq', { type: 'error', id: '1' }, ...content);

test('the stanzas are those of WhatsApp Web', () => {
  const attrs = { to: '@s.whatsapp.net', xmlns: 'disappearing_mode' };
  expect(timerReadStanza()).toEqual({ tag: 'iq', attrs: { ...attrs, type: 'get' } });
  expect(timerSetStanza('86400')).toEqual({
    tag: 'iq',
    attrs: { ...attrs, type: 'set' },
    content: [{ tag: 'disappearing_mode', attrs: { duration: '86400' } }],
  });
});

describe('the answer to a read', () => {
  test('gives the value as it was sent', () => {
    for (const value of ['0', '86400', '3600', 'forever'])
      expect(parseTimerReply(result(mode({ duration: value, t: '1764000000' })))).toEqual({
        kind: 'read',
        value,
      });
  });

  test.each<[string, BinaryNode]>([
    ['nothing', result()],
    ['no duration', result(mode({ t: '1764000000' }))],
    ['an empty duration', result(mode({ duration: '' }))],
    ['two timers', result(mode({ duration: '0' }), mode({ duration: '86400' }))],
    ['an error beside the timer', result(mode({ duration: '0' }), error('500'))],
    ['something else', result(element('privacy'))],
    ['an error without a word', refusal()],
    ['no IQ', element('notification', { type: 'result' }, mode({ duration: '0' }))],
  ])('is unclear with %s', (_, reply) => {
    expect(parseTimerReply(reply)).toEqual(UNCLEAR);
  });

  test('tells a refusal from a fault', () => {
    expect(parseTimerReply(refusal(error('403')))).toEqual({ kind: 'refused', code: 403, text: 'text' });
    expect(parseTimerReply(refusal(error('503')))).toEqual({ kind: 'no_answer', cause: 'fault', code: 503 });
  });
});

describe('the answer to a set', () => {
  test('is accepted by any result, for that names no value', () => {
    expect(parseTimerSetReply(result())).toEqual({ kind: 'accepted' });
    expect(parseTimerSetReply(result(mode({ duration: '0' })))).toEqual({ kind: 'accepted' });
  });

  test.each<[string, BinaryNode, object]>([
    ['a refusal', refusal(error('400')), { kind: 'refused', code: 400, text: 'text' }],
    ['a fault', refusal(error('500')), { kind: 'no_answer', cause: 'fault', code: 500 }],
    ['an error without a word', refusal(), UNCLEAR],
    ['an error within a result', result(error('409')), UNCLEAR],
    ['no type', element('iq', { id: '1' }), UNCLEAR],
  ])('is not with %s', (_, reply, judged) => {
    expect(parseTimerSetReply(reply)).toEqual(judged);
  });
});

describe('among the settings', () => {
  const snapshot: Snapshot = {
    values: { last_seen: 'all' },
    others: [{ category: 'pix', value: 'all' }],
    unreadable: [{ category: 'profile', code: 500, text: '' }],
    categories: [
      { category: 'pix', value: 'all' },
      { category: 'last', value: 'all' },
    ],
    observedAt: new Date(0),
  };
  const category = 'disappearing_mode';

  test('a value of the table is one of the settings', () => {
    expect(withTimer(snapshot, { kind: 'read', value: '86400' })).toEqual({
      ...snapshot,
      values: { last_seen: 'all', default_disappearing_timer: '86400' },
      categories: [...snapshot.categories, { category, value: '86400' }],
    });
  });

  test('another value is given word for word', () => {
    expect(withTimer(snapshot, { kind: 'read', value: '3600' })).toEqual({
      ...snapshot,
      others: [...snapshot.others, { category, value: '3600' }],
      categories: [...snapshot.categories, { category, value: '3600' }],
    });
  });

  test.each([
    [
      { kind: 'refused', code: 403, text: 'forbidden' },
      { code: 403, text: 'forbidden' },
    ],
    [
      { kind: 'no_answer', cause: 'fault', code: 503 },
      { code: 503, text: '' },
    ],
    [TIMEOUT, { code: 0, text: 'no answer', isSilent: true }],
    [UNCLEAR, { code: 0, text: 'an answer without a value' }],
  ] as const)('%o is unreadable', (reply, told) => {
    expect(withTimer(snapshot, reply)).toEqual({
      ...snapshot,
      unreadable: [...snapshot.unreadable, { category, ...told }],
    });
  });

  test('an account that has none does not report it', () => {
    expect(withTimer(snapshot, { kind: 'refused', code: 404, text: 'item-not-found' })).toEqual(snapshot);
    expect(withTimer(snapshot, { kind: 'no_answer', cause: 'fault', code: 501 })).toEqual(snapshot);
  });
});

test('what a later question may answer otherwise does not last', () => {
  expect(isLasting({ kind: 'read', value: '0' })).toBe(true);
  expect(isLasting({ kind: 'refused', code: 403, text: '' })).toBe(true);
  expect(isLasting({ kind: 'no_answer', cause: 'fault', code: 501 })).toBe(true);
  expect(isLasting({ kind: 'refused', code: 429, text: '' })).toBe(false);
  expect(isLasting({ kind: 'no_answer', cause: 'fault', code: 503 })).toBe(false);
  expect(isLasting(TIMEOUT)).toBe(false);
  expect(isLasting(UNCLEAR)).toBe(false);
});
