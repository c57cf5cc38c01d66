import type { BinaryNode } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { node } from '../../../src/simulator/wire/stanza.js';
import { answerTo, isPing } from '../../../src/whatsapp/connection/answers.js';

const ME = { id: '15550100001:3@s.whatsapp.net', lid: '100000000000001:3@lid' };
const PHONE = '15550100001:0@s.whatsapp.net';
const CONTACT = '15550100002@s.whatsapp.net';
const GROUP = '120363000000000001@g.us';

const answer = (tag: string, attrs: Record<string, string>, content: BinaryNode[] = []) =>
  answerTo(node(tag, { id: 'x1', ...attrs }, content), ME);
const ack = (attrs: Record<string, string>) => ({ tag: 'ack', attrs: { id: 'x1', ...attrs } });

describe('what only has to arrive is acked without an error', () => {
  const from = ME.id;
  const story = 'status@broadcast';
  test.each<[string, string, Record<string, string>, Record<string, string>]>([
    ['a message', 'message', { from: CONTACT, type: 'text' }, { to: CONTACT, type: 'text', from }],
    [
      'a message of a group',
      'message',
      { from: GROUP, participant: CONTACT },
      { to: GROUP, participant: CONTACT, from },
    ],
    ['a story', 'message', { from: story, participant: CONTACT }, { to: story, participant: CONTACT, from }],
    [
      'a <status>',
      'status',
      { from: story, participant: CONTACT },
      { to: story, participant: CONTACT, from },
    ],
    ['a note to self', 'message', { from: PHONE }, { to: PHONE, from }],
    ['a peer message', 'message', { from: PHONE, category: 'peer' }, { to: PHONE, from }],
    ['a newsletter', 'message', { from: '1@newsletter' }, { to: '1@newsletter', from }],
    ['<appdata>', 'appdata', { from: CONTACT }, { to: CONTACT }],
    [
      'a receipt for another device',
      'receipt',
      { from: CONTACT, recipient: PHONE, type: 'retry' },
      { to: CONTACT, recipient: PHONE, type: 'retry' },
    ],
    ['a call', 'call', { from: CONTACT }, { to: CONTACT }],
    [
      'a message of a contact to a third',
      'message',
      { from: CONTACT, recipient: GROUP },
      { to: CONTACT, recipient: GROUP, from },
    ],
  ])('%s', (_, tag, attrs, expected) => {
    expect(answer(tag, attrs)).toEqual(ack({ class: tag, ...expected }));
  });
});

test.each([
  ['by number', PHONE],
  ['by LID', '100000000000001@lid'],
])('an own message to somebody gets a receipt to the device that sent it (%s)', (_, from) => {
  expect(answer('message', { from, recipient: CONTACT, type: 'text' })).toEqual({
    tag: 'receipt',
    attrs: { id: 'x1', to: from, type: 'sender', recipient: CONTACT },
  });
});

test('a number that is another account’s LID is not the account', () => {
  const from = '100000000000001@s.whatsapp.net';
  expect(answer('message', { from, recipient: CONTACT })?.tag).toBe('ack');
});

test('a tag that nobody knows is said to be unknown', () => {
  expect(answer('poll_vote', { from: CONTACT })).toEqual(
    ack({ class: 'poll_vote', to: CONTACT, error: '488' }),
  );
});

test.each(
  'iq notification ack error failure success ib presence chatstate xmlstreamend stream:error stream:features'.split(
    ' ',
  ),
)('<%s> gets no answer here', tag => {
  expect(answer(tag, { from: CONTACT })).toBeUndefined();
});

test.each(['message', 'status', 'call', 'poll_vote'])('without an id or a sender <%s> gets none', tag => {
  expect(answerTo(node(tag, { from: CONTACT }), ME)).toBeUndefined();
  expect(answerTo(node(tag, { id: 'x1' }), ME)).toBeUndefined();
  expect(answerTo(node(tag, { id: 'x1', recipient: CONTACT }), ME)).toBeUndefined();
});

test.each<[boolean, Record<string, string>, string[]]>([
  [true, { type: 'get', xmlns: 'urn:xmpp:ping' }, []],
  [true, { xmlns: 'urn:xmpp:ping' }, []],
  [true, { type: 'get' }, ['ping']],
  [true, {}, ['ping']],
  [false, { type: 'result', xmlns: 'urn:xmpp:ping' }, []],
  [false, { type: 'set', xmlns: 'urn:xmpp:ping' }, []],
  [false, { type: 'error' }, ['ping']],
  [false, { type: 'get', xmlns: 'privacy' }, ['privacy']],
])('%s: an IQ with %j and %j is a ping', (expected, attrs, tags) => {
  expect(
    isPing(
      node(
        'iq',
        attrs,
        tags.map(tag => node(tag)),
      ),
    ),
  ).toBe(expected);
});
