import { type BinaryNode, binaryNodeToString } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { kindOf, mayLeave, type PresenceKind } from '../../../src/whatsapp/baileys/stanza-allow-list.js';

const node = (tag: string, attrs: Record<string, string>, content?: BinaryNode['content']): BinaryNode => ({
  tag,
  attrs,
  ...(content !== undefined && { content }),
});
const leaves = (stanza: BinaryNode, linking = false) =>
  mayLeave(kindOf(binaryNodeToString(stanza)), { linking });
const iq = (type: string, xmlns: string, child: string) =>
  node('iq', { id: '1.2-3', to: '@s.whatsapp.net', type, xmlns }, [node(child, {})]);

const usync = (...protocols: string[]) =>
  node('iq', { id: '1.2-3', to: '@s.whatsapp.net', type: 'get', xmlns: 'usync' }, [
    node('usync', { sid: '1', mode: 'query' }, [
      node(
        'query',
        {},
        protocols.map(protocol => node(protocol, {})),
      ),
      node('list', {}, [node('user', {}, [node('contact', {}, '+15550100001')])]),
    ]),
  ]);

/** Of a receipt, without the chat that the message was for. */
const own = { id: '7', to: 'x:1@s.whatsapp.net', type: 'sender' };

describe('what may leave', () => {
  test.each<[string, BinaryNode]>([
    ['a read of the settings', iq('get', 'privacy', 'privacy')],
    ['a change of a setting', iq('set', 'privacy', 'privacy')],
    ['who is on WhatsApp, with the LID', usync('contact', 'lid')],
    ['a ping', iq('get', 'w:p', 'ping')],
    ['the end of being passive', iq('set', 'passive', 'active')],
    ['a count of pre-keys', iq('get', 'encrypt', 'count')],
    ['a digest of keys', iq('get', 'encrypt', 'digest')],
    ['an upload of keys', iq('set', 'encrypt', 'registration')],
    ['a step of linking', iq('set', 'md', 'link_code_companion_reg')],
    ['the end of a link', iq('set', 'md', 'remove-companion-device')],
    ['an answer', node('iq', { to: '@s.whatsapp.net', type: 'result', id: '7' })],
    [
      'an answer with keys',
      node('iq', { type: 'result', id: '7' }, [node('pair-device-sign', {}, Buffer.of(1))]),
    ],
    ['an acknowledgement', node('ack', { id: '7', to: 'x@g.us', class: 'message', error: '500' })],
    ['the wish for the backlog', node('ib', {}, [node('offline_batch', { count: '100' })])],
    ["a receipt for the account's own message", node('receipt', { ...own, recipient: 'y@s.whatsapp.net' })],
  ])('%s', (_, stanza) => {
    expect(leaves(stanza)).toBe(true);
  });
});

describe('what may leave only while an account is being linked', () => {
  test.each<[string, BinaryNode]>([
    ['a question for the options of the passkey', iq('get', 'md', 'passkey_request_options')],
    ['a question for a reference', iq('get', 'md', 'ref')],
    ['an assertion', iq('set', 'md', 'passkey_prologue')],
    ['a nonce', iq('set', 'md', 'companion_nonce')],
    ['the keys for the phone', iq('set', 'md', 'encrypted_pairing_request')],
  ])('%s', (_, stanza) => {
    expect(leaves(stanza, true)).toBe(true);
    expect(leaves(stanza)).toBe(false);
  });
});

describe('what may not leave', () => {
  test.each<[string, BinaryNode]>([
    ['a presence without a type', node('presence', {})],
    ['a presence with a name only', node('presence', { name: 'Desk' })],
    ['an available presence', node('presence', { name: 'Desk', type: 'available' })],
    ['an unavailable presence', node('presence', { name: 'Desk', type: 'unavailable' })],
    ['a subscription to a presence', node('presence', { to: 'x@s.whatsapp.net', type: 'subscribe' })],
    ['typing', node('chatstate', { to: 'x@s.whatsapp.net' }, [node('composing', {})])],
    ['a read receipt', node('receipt', { id: '7', to: 'x@s.whatsapp.net', type: 'read' })],
    ['a receipt to itself for nobody', node('receipt', own)],
    ['a read receipt to a chat', node('receipt', { ...own, type: 'read', recipient: 'y@s.whatsapp.net' })],
    ['a delivery receipt', node('receipt', { id: '7', to: 'x@s.whatsapp.net' })],
    ['a message', node('message', { id: '7', to: 'x@s.whatsapp.net' }, [node('enc', {}, Buffer.of(1))])],
    ['a privacy token', iq('set', 'privacy', 'tokens')],
    ["other accounts' keys", iq('get', 'encrypt', 'key')],
    ['a query about others that is not readable', iq('get', 'usync', 'usync')],
    ['the devices of others', usync('devices')],
    ['the About of others', usync('contact', 'lid', 'status')],
    ['the LIDs of others alone', usync('lid')],
    ['groups', iq('get', 'w:g2', 'participating')],
    ['app state', iq('set', 'w:sync:app:state', 'sync')],
    ['telemetry', node('ib', {}, [node('unified_session', { id: '1' })])],
    ['statistics', node('iq', { xmlns: 'w:stats', to: '@s.whatsapp.net' }, [node('add', {})])],
    ['being passive', iq('set', 'passive', 'passive')],
    ['a call', node('call', { to: 'x@s.whatsapp.net' }, [node('reject', {})])],
  ])('%s', (_, stanza) => {
    expect(leaves(stanza)).toBe(false);
    expect(leaves(stanza, true)).toBe(false);
  });

  test('a presence but the one that is meant, and that only as it is', () => {
    const leavesAs = (meant: PresenceKind, stanza: BinaryNode) =>
      mayLeave(kindOf(binaryNodeToString(stanza)), { linking: false, meant });
    const unavailable = node('presence', { type: 'unavailable' });
    const available = node('presence', { type: 'available' });
    expect(leavesAs('presence unavailable', unavailable)).toBe(true);
    expect(leavesAs('presence available', available)).toBe(true);
    expect(leavesAs('presence unavailable', available)).toBe(false);
    expect(leavesAs('presence available', unavailable)).toBe(false);
    for (const stanza of [
      node('presence', {}),
      node('presence', { type: 'unavailable', name: 'Desk' }),
      node('presence', { type: 'unavailable', to: 'x@s.whatsapp.net' }),
      node('presence', { type: 'unavailable' }, [node('composing', {})]),
    ])
      expect(leavesAs('presence unavailable', stanza)).toBe(false);
  });

  test('a query that hides its kind in another attribute or in its content', () => {
    expect(leaves(node('iq', { id: "1' xmlns='privacy", type: 'get', xmlns: 'w:g2' }))).toBe(false);
    expect(leaves(node('iq', { type: 'get', xmlns: 'w:g2', id: '>\n\t\t<privacy ' }))).toBe(false);
    expect(leaves(node('iq', { type: 'set', xmlns: 'privacy' }, '<privacy />'))).toBe(false);
  });

  test('what is no stanza', () => {
    for (const text of ['', '<', '<ack', 'ack', '<iq>', '\n<ack />'])
      expect(mayLeave(kindOf(text), { linking: true })).toBe(false);
  });
});
