import type { BinaryNode } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  listReadStanza,
  listSetStanza,
  parseListReply,
} from '../../../src/whatsapp/privacy/contact-list-protocol.js';

const UNCLEAR = { kind: 'no_answer', cause: 'unclear' };
const ANNA = { lid: '101@lid', phoneNumber: '+15550100101' };
const BEN = { lid: '102@lid', phoneNumber: '+15550100102' };

const element = (tag: string, attrs: Record<string, string> = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
});
const error = (code: string, text = 'text') => element('error', { code, text });
const reply = (attrs: Record<string, string>, ...content: BinaryNode[]) =>
  element('iq', { type: 'result', id: '1' }, element('privacy', attrs, ...content));
const byLid = (...content: BinaryNode[]) => reply({ addressing_mode: 'lid' }, ...content);
const list = (...users: Record<string, string>[]) =>
  element('list', { dhash: '17' }, ...users.map(attrs => element('user', attrs)));
const anna = { jid: '101@lid', pn_jid: '15550100101@s.whatsapp.net' };

describe('the stanzas', () => {
  const iq = (type: string, attrs: Record<string, string>, child: object) => ({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type, xmlns: 'privacy' },
    content: [{ tag: 'privacy', attrs, content: [child] }],
  });

  test('of a read are those of WhatsApp Web, and name no stamp', () => {
    const child = { tag: 'list', attrs: { name: 'last', value: 'contact_blacklist' } };
    expect(listReadStanza('last', 'lid')).toEqual(iq('get', { addressing_mode: 'lid' }, child));
    expect(listReadStanza('last', 'pn')).toEqual(iq('get', {}, child));
  });

  test('of a change are those of WhatsApp Web', () => {
    const delta = { add: [ANNA], remove: [BEN] };
    const category = (...users: Record<string, string>[]) => ({
      tag: 'category',
      attrs: { name: 'last', value: 'contact_blacklist', dhash: '17' },
      content: users.map(attrs => ({ tag: 'user', attrs })),
    });
    expect(listSetStanza('last', 'lid', delta, '17')).toEqual(
      iq(
        'set',
        { addressing_mode: 'lid' },
        category(
          { action: 'remove', jid: '102@lid', pn_jid: '15550100102@s.whatsapp.net' },
          { action: 'add', jid: '101@lid', pn_jid: '15550100101@s.whatsapp.net' },
        ),
      ),
    );
    expect(listSetStanza('last', 'pn', delta, '17')).toEqual(
      iq(
        'set',
        {},
        category(
          { action: 'remove', jid: '15550100102@s.whatsapp.net' },
          { action: 'add', jid: '15550100101@s.whatsapp.net' },
        ),
      ),
    );
  });

  test('of a change without stamp say none, and name whom WhatsApp names by user name as it does', () => {
    const delta = { add: [], remove: [{ lid: '103@lid', username: 'carl' }, { lid: '104@lid' }] };
    expect(listSetStanza('status', 'lid', delta, undefined)).toMatchObject({
      content: [
        {
          content: [
            {
              attrs: { dhash: 'none' },
              content: [
                { attrs: { action: 'remove', jid: '103@lid', username: 'carl' } },
                { attrs: { action: 'remove', jid: '104@lid' } },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('the answer to a read', () => {
  const read = (contacts: object[], stamp: string | undefined = '17') => ({
    kind: 'read',
    list: { contacts, stamp },
  });

  test.each<[string, BinaryNode, object]>([
    ['both ids', byLid(list(anna)), read([ANNA])],
    ['the LID alone', byLid(list({ jid: '101@lid' })), read([{ lid: ANNA.lid }])],
    ['the number alone', byLid(list({ pn_jid: anna.pn_jid })), read([{ phoneNumber: ANNA.phoneNumber }])],
    [
      'a user name',
      byLid(list({ jid: '101@lid', username: 'anna' })),
      read([{ lid: ANNA.lid, username: 'anna' }]),
    ],
    ['a device', byLid(list({ jid: '101:3@lid', pn_jid: '15550100101:3@s.whatsapp.net' })), read([ANNA])],
    [
      'the older name of the server',
      byLid(list({ pn_jid: '15550100101@c.us' })),
      read([{ phoneNumber: ANNA.phoneNumber }]),
    ],
    ['the same contact twice', byLid(list(anna, anna)), read([ANNA])],
    ['the same contact under one of the ids', byLid(list(anna, { jid: '101@lid' })), read([ANNA])],
    ['nobody', byLid(list()), read([])],
    ['nobody, with no word on the form', reply({}, list()), read([])],
    ['no list', byLid(), { kind: 'read', list: { contacts: [], stamp: undefined } }],
    [
      'no stamp',
      byLid(element('list', {}, element('user', anna))),
      { kind: 'read', list: { contacts: [ANNA], stamp: undefined } },
    ],
    [
      'an empty stamp',
      byLid(element('list', { dhash: '' })),
      { kind: 'read', list: { contacts: [], stamp: undefined } },
    ],
    ['the stamp none', byLid(element('list', { dhash: 'none' })), read([], 'none')],
    ['a stamp of another kind', byLid(element('list', { dhash: '2:aBc/+=' })), read([], '2:aBc/+=')],
  ])('gives the contacts: %s', (_, node, expected) => {
    expect(parseListReply(node, 'lid')).toEqual(expected);
  });

  test('by phone number gives phone numbers', () => {
    const users = [{ jid: '15550100101@s.whatsapp.net' }];
    expect(parseListReply(reply({}, list(...users)), 'pn')).toEqual(
      read([{ phoneNumber: ANNA.phoneNumber }]),
    );
  });

  test.each<[string, BinaryNode]>([
    ['in the form by phone number', reply({}, list({ jid: '15550100101@s.whatsapp.net' }))],
    ['that says it is by phone number', reply({ addressing_mode: 'pn' }, list(anna))],
    ['with somebody nameless', byLid(list(anna, {}))],
    ['with a group', byLid(list({ jid: '120363000000000000@g.us' }))],
    ['with two lists', byLid(list(anna), list())],
    ['with something else', byLid(element('category', { name: 'last', value: 'all' }))],
    ['without privacy', element('iq', { type: 'result' })],
    ['of no known type', element('iq', {}, element('privacy', { addressing_mode: 'lid' }, list(anna)))],
  ])('is none, rather than a list without someone: %s', (_, node) => {
    expect(parseListReply(node, 'lid')).toEqual(UNCLEAR);
  });

  test('by LID is none where phone numbers were asked for', () => {
    expect(parseListReply(byLid(list(anna)), 'pn')).toEqual(UNCLEAR);
  });

  test.each<[string, BinaryNode]>([
    ['as a stanza', element('iq', { type: 'error' }, error('400', 'bad-request'))],
    ['inside the list', byLid(element('list', {}, error('400', 'bad-request')))],
  ])('is a refusal: %s', (_, node) => {
    expect(parseListReply(node, 'lid')).toEqual({ kind: 'refused', code: 400, text: 'bad-request' });
  });

  test('is a fault of WhatsApp with a code from 500', () => {
    const node = element('iq', { type: 'error' }, error('503'));
    expect(parseListReply(node, 'lid')).toEqual({ kind: 'no_answer', cause: 'fault', code: 503 });
  });

  test('never drops or invents anybody', () => {
    const users = fc.uniqueArray(fc.integer({ min: 100, max: 9_999 }), { maxLength: 50 });
    fc.assert(
      fc.property(users, numbers => {
        const told = numbers.map(number => ({
          jid: `${number}@lid`,
          pn_jid: `1555${number}@s.whatsapp.net`,
        }));
        expect(parseListReply(byLid(list(...told)), 'lid')).toEqual(
          read(numbers.map(number => ({ lid: `${number}@lid`, phoneNumber: `+1555${number}` }))),
        );
      }),
    );
  });
});
