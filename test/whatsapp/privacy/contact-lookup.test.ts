import type { BinaryNode } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { lookupStanza, parseLookupReply } from '../../../src/whatsapp/privacy/contact-lookup.js';

const ANNA = '+15550100101';
const UNCLEAR = { kind: 'no_answer', cause: 'unclear' };

const element = (tag: string, attrs: Record<string, string> = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
});
const contact = (type: string, asked?: string): BinaryNode => ({
  tag: 'contact',
  attrs: { type },
  ...(asked !== undefined && { content: Buffer.from(asked) }),
});
const lid = (val: string) => element('lid', { val });
const user = (attrs: Record<string, string>, ...content: BinaryNode[]) => element('user', attrs, ...content);
const reply = (...users: BinaryNode[]) =>
  element(
    'iq',
    { type: 'result' },
    element(
      'usync',
      {},
      element('result', {}, element('contact'), element('lid')),
      element('list', {}, ...users),
    ),
  );
const pn = { jid: '15550100101@s.whatsapp.net' };
const judged = (node: BinaryNode, asked = [ANNA]) => {
  const answer = parseLookupReply(node, asked);
  return answer.kind === 'found' ? Object.fromEntries(answer.contacts) : answer;
};

test('the question is that of WhatsApp Web', () => {
  expect(lookupStanza([ANNA], 'a-sid')).toEqual({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'usync' },
    content: [
      {
        tag: 'usync',
        attrs: { sid: 'a-sid', mode: 'query', last: 'true', index: '0', context: 'interactive' },
        content: [
          {
            tag: 'query',
            attrs: {},
            content: [
              { tag: 'contact', attrs: {} },
              { tag: 'lid', attrs: {} },
            ],
          },
          {
            tag: 'list',
            attrs: {},
            content: [{ tag: 'user', attrs: {}, content: [{ tag: 'contact', attrs: {}, content: ANNA }] }],
          },
        ],
      },
    ],
  });
});

describe('the answer', () => {
  const both = { [ANNA]: { phoneNumber: ANNA, lid: '101@lid' } };

  test.each<[string, BinaryNode, object]>([
    ['with the question in it', user(pn, contact('in', ANNA), lid('101@lid')), both],
    ['by number', user(pn, contact('in'), lid('101@lid')), both],
    ['by LID', user({ jid: '101@lid', pn_jid: pn.jid }, contact('in')), both],
    ['without a LID', user(pn, contact('in', ANNA)), { [ANNA]: { phoneNumber: ANNA } }],
    [
      'with a LID that cannot be told',
      user(pn, contact('in'), element('lid', {}, element('error', { code: '404' }))),
      { [ANNA]: { phoneNumber: ANNA } },
    ],
    [
      'under another number',
      user({ jid: '15550100999@s.whatsapp.net' }, contact('in', ANNA), lid('101@lid')),
      { [ANNA]: { phoneNumber: '+15550100999', lid: '101@lid' } },
    ],
    ['that they are not there', user(pn, contact('out', ANNA)), {}],
    ['without a word on it', user(pn, lid('101@lid')), {}],
    ['about somebody else', user({ jid: '15550100999@s.whatsapp.net' }, contact('in')), {}],
  ])('tells who is on WhatsApp: %s', (_, node, expected) => {
    expect(judged(reply(node))).toEqual(expected);
  });

  test('that tells nothing finds nobody', () => {
    expect(judged(reply())).toEqual({});
  });

  test.each<[string, BinaryNode]>([
    ['without usync', element('iq', { type: 'result' })],
    ['without a list', element('iq', { type: 'result' }, element('usync'))],
    ['of no known type', element('iq', {}, element('usync', {}, element('list')))],
  ])('is none: %s', (_, node) => {
    expect(judged(node)).toEqual(UNCLEAR);
  });

  test.each<[string, BinaryNode]>([
    [
      'as a stanza',
      element('iq', { type: 'error' }, element('error', { code: '429', text: 'rate-overlimit' })),
    ],
    [
      'of the question as a whole',
      element(
        'iq',
        { type: 'result' },
        element(
          'usync',
          {},
          element(
            'result',
            {},
            element('contact', {}, element('error', { code: '429', text: 'rate-overlimit' })),
          ),
          element('list'),
        ),
      ),
    ],
    [
      'of one contact',
      reply(user(pn, element('contact', {}, element('error', { code: '429', text: 'rate-overlimit' })))),
    ],
  ])('is a refusal, and nobody unknown: %s', (_, node) => {
    expect(judged(node)).toEqual({ kind: 'refused', code: 429, text: 'rate-overlimit' });
  });
});
