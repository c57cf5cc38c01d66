import type { BinaryNode } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseReadReply,
  parseSetReply,
  readStanza,
  setStanza,
  settableCategory,
} from '../../../src/whatsapp/privacy/privacy-protocol.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const UNCLEAR = { kind: 'no_answer', cause: 'unclear' };

const element = (tag: string, attrs: Record<string, string> = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
});
const category = (name: string, value: string, ...content: BinaryNode[]) =>
  element('category', { name, value }, ...content);
const error = (code: string, text = 'text') => element('error', { code, text });
const result = (...content: BinaryNode[]) => element('iq', { type: 'result', id: '1' }, ...content);
const privacy = (...content: BinaryNode[]) => result(element('privacy', {}, ...content));
const refusal = (...content: BinaryNode[]) => element('iq', { type: 'error', id: '1' }, ...content);

const judged = (reply: BinaryNode) => parseSetReply(reply, 'last', 'none');

describe('the stanzas', () => {
  test('are those of WhatsApp Web', () => {
    expect(readStanza()).toEqual({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'privacy' },
      content: [{ tag: 'privacy', attrs: {} }],
    });
    expect(setStanza('groupadd', 'contacts')).toEqual({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'privacy' },
      content: [
        {
          tag: 'privacy',
          attrs: {},
          content: [{ tag: 'category', attrs: { name: 'groupadd', value: 'contacts' } }],
        },
      ],
    });
  });

  test('never set what only the phone may change, nor what has a namespace of its own', () => {
    expect(settableCategory('read_receipts')).toBe('readreceipts');
    expect(settableCategory('defense')).toBeUndefined();
    expect(settableCategory('stickers')).toBeUndefined();
    expect(settableCategory('default_disappearing_timer')).toBeUndefined();
  });
});

describe('the answer to a set', () => {
  test('confirms only the category and the value that were asked for', () => {
    expect(judged(privacy(category('last', 'none')))).toEqual({ kind: 'confirmed' });
  });

  test.each<[string, BinaryNode]>([
    ['another category', privacy(category('online', 'none'))],
    ['another value', privacy(category('last', 'all'))],
    ['a value nobody knows', privacy(category('last', 'close_friends'))],
    ['no category', privacy()],
    ['two categories', privacy(category('last', 'none'), category('last', 'none'))],
    ['a second category', privacy(category('last', 'none'), category('online', 'all'))],
    ['an error of another category', privacy(category('online', 'error', error('400')))],
    ['the value with an error beside it', privacy(category('last', 'none', error('400')))],
    ['an empty result', result()],
    ['a result without content', { tag: 'iq', attrs: { type: 'result' } }],
    ['text', { tag: 'iq', attrs: { type: 'result' }, content: 'ok' }],
    ['text in privacy', result({ tag: 'privacy', attrs: {}, content: Buffer.from('ok') })],
    ['another child', result(element('settings', {}, category('last', 'none')))],
    ['privacy twice', result(element('privacy', {}, category('last', 'none')), element('privacy'))],
    ['an error beside privacy', result(element('privacy', {}, category('last', 'none')), error('400'))],
    ['no type', element('iq', {}, element('privacy', {}, category('last', 'none')))],
    ['a set', element('iq', { type: 'set' }, element('privacy', {}, category('last', 'none')))],
    [
      'another stanza',
      element('notification', { type: 'result' }, element('privacy', {}, category('last', 'none'))),
    ],
    ['an error stanza without an error', refusal()],
    ['an error stanza with the value', refusal(element('privacy', {}, category('last', 'none')))],
  ])('is unclear when it is %s', (_, reply) => {
    expect(judged(reply)).toEqual(UNCLEAR);
  });

  test.each(['400', '401', '403', '409', '429', '499'])('is a refusal with code %s in either place', code => {
    const refused = { kind: 'refused', code: Number(code), text: 'text' };
    expect(judged(refusal(error(code)))).toEqual(refused);
    expect(judged(privacy(category('last', 'error', error(code))))).toEqual(refused);
  });

  test.each(['500', '503', '530'])('proves nothing with code %s', code => {
    const fault = { kind: 'no_answer', cause: 'fault', code: Number(code) };
    expect(judged(refusal(error(code)))).toEqual(fault);
    expect(judged(privacy(category('last', 'error', error(code))))).toEqual(fault);
  });

  test.each(['', 'NaN', '-400', '400.5', '4e2', '0', '0x190', ' 400', '99999999999999999999'])(
    'proves nothing with "%s" for a code',
    code => {
      const fault = { kind: 'no_answer', cause: 'fault' };
      expect(judged(refusal(error(code)))).toEqual(fault);
      expect(judged(privacy(category('last', 'error', error(code))))).toEqual(fault);
    },
  );

  test('proves nothing when the error has no details', () => {
    expect(judged(privacy(category('last', 'error')))).toEqual({ kind: 'no_answer', cause: 'fault' });
  });

  test('quotes WhatsApp on one short line', () => {
    const reply = judged(refusal(error('400', `bad\n\u0007request${'!'.repeat(1000)}`)));
    expect(reply).toMatchObject({ kind: 'refused', text: `bad request${'!'.repeat(189)}` });
  });

  test('is never a confirmation without the value asked for, and never throws, whatever it is made of', () => {
    const words = fc.constantFrom(
      'last',
      'error',
      'privacy',
      'category',
      'iq',
      'result',
      '400',
      '500',
      'all',
    );
    const { node } = fc.letrec<{ node: BinaryNode }>(tie => ({
      node: fc.record({
        tag: words,
        attrs: fc.dictionary(fc.constantFrom('name', 'value', 'type', 'code', 'text'), words),
        content: fc.oneof(
          { depthSize: 'small' },
          words,
          fc.uint8Array(),
          fc.array(tie('node')) as fc.Arbitrary<BinaryNode[]>,
        ),
      }) as fc.Arbitrary<BinaryNode>,
    }));
    fc.assert(
      fc.property(node, reply => judged(reply).kind !== 'confirmed' && !!parseReadReply(reply, NOW)),
      { numRuns: 5_000 },
    );
  });
});

describe('the answer to a read', () => {
  const read = (...categories: BinaryNode[]) => parseReadReply(privacy(...categories), NOW);

  test('gives the values by the names of the table', () => {
    expect(read(category('last', 'contacts'), category('readreceipts', 'none'))).toEqual({
      kind: 'read',
      snapshot: {
        values: { last_seen: 'contacts', read_receipts: 'none' },
        others: [],
        unreadable: [],
        categories: [
          { category: 'last', value: 'contacts' },
          { category: 'readreceipts', value: 'none' },
        ],
        observedAt: NOW,
      },
    });
  });

  test('keeps categories and values without a name as they came', () => {
    const others = [
      { category: 'pix', value: 'contacts' },
      { category: 'calladd', value: 'friends' },
      { category: '__proto__', value: 'x' },
    ];
    const categories = others.map(other => category(other.category, other.value));
    expect(read(category('last', 'all'), ...categories)).toMatchObject({
      snapshot: { values: { last_seen: 'all' }, others },
    });
  });

  test('keeps every value word for word and in its order, beside the names', () => {
    const told = [
      { category: 'pix', value: 'contacts' },
      { category: 'last', value: 'all' },
      { category: 'groupadd', value: 'none' },
      { category: 'calladd', value: 'friends' },
    ];
    const categories = told.map(one => category(one.category, one.value));
    expect(read(...categories, category('profile', 'error'))).toMatchObject({
      snapshot: { categories: told, unreadable: [{ category: 'profile' }] },
    });
  });

  test('names the values that are only read', () => {
    const categories = [
      category('groupadd', 'none'),
      category('calladd', 'contacts'),
      category('online', 'none'),
    ];
    expect(read(...categories)).toMatchObject({
      snapshot: { values: { group_add: 'none', call_add: 'contacts', online: 'none' }, others: [] },
    });
  });

  test('does not fail for a category that cannot be read', () => {
    expect(
      read(
        category('last', 'all'),
        category('status', 'error', error('500', 'internal')),
        category('profile', 'error'),
        element('category', { name: 'online' }),
      ),
    ).toMatchObject({
      snapshot: {
        values: { last_seen: 'all' },
        unreadable: [
          { category: 'status', code: 500, text: 'internal' },
          { category: 'profile', code: 0, text: '' },
          { category: 'online', code: 0, text: '' },
        ],
      },
    });
  });

  test('takes a repeated category as unreadable when it contradicts itself', () => {
    expect(read(category('last', 'all'), category('last', 'none'), category('status', 'all'))).toMatchObject({
      snapshot: {
        values: { status: 'all' },
        unreadable: [{ category: 'last', code: 0, text: 'contradictory' }],
      },
    });
    expect(read(category('last', 'all'), category('last', 'all'))).toMatchObject({
      snapshot: { values: { last_seen: 'all' }, unreadable: [] },
    });
  });

  test.each<[string, BinaryNode]>([
    ['no privacy', result()],
    ['no categories', privacy()],
    ['categories without a name', privacy(element('category', { value: 'all' }))],
    ['text', result({ tag: 'privacy', attrs: {}, content: 'last=all' })],
    ['an error stanza without an error', refusal()],
    ['another stanza', element('ack', { type: 'result' }, element('privacy', {}, category('last', 'all')))],
  ])('is unclear with %s', (_, reply) => {
    expect(parseReadReply(reply, NOW)).toEqual(UNCLEAR);
  });

  test('is a refusal or a fault by its code', () => {
    expect(parseReadReply(refusal(error('429', 'rate-overlimit')), NOW)).toEqual({
      kind: 'refused',
      code: 429,
      text: 'rate-overlimit',
    });
    expect(parseReadReply(refusal(error('503')), NOW)).toEqual({
      kind: 'no_answer',
      cause: 'fault',
      code: 503,
    });
  });
});
