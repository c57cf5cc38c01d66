import type { BinaryNode } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { node, resultOf, type ScriptedLogin, scriptedLogin } from '../support/scripted-login.js';

const LONG_MS = 600_000;

let server: ScriptedLogin;
const pushed = vi.fn();
beforeEach(async () => {
  pushed.mockClear();
  server = await scriptedLogin(pushed);
});
afterEach(() => server[Symbol.asyncDispose]());

describe('a server that asks', () => {
  test('gets an answer to its pings', async () => {
    server.client.send(
      node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id: 'p1', from: '@s.whatsapp.net' }),
    );
    await expect
      .poll(() => server.client.sent)
      .toMatchObject([{ tag: 'iq', attrs: { type: 'result', id: 'p1' } }]);
  });

  test('gets every message, call, receipt and notification acknowledged once, and nothing else', async () => {
    const from = '15550100002@s.whatsapp.net';
    server.client.send(node('message', { id: 'm1', from, t: '1' }, node('enc', { type: 'pkmsg', v: '2' })));
    server.client.send(node('receipt', { id: 'r1', from, type: 'read' }));
    server.client.send(node('receipt', { id: 'r2', from, type: 'retry', participant: from }));
    server.client.send(node('call', { id: 'c1', from, t: '1' }, node('offer', { 'call-id': 'x' })));
    server.client.send(node('notification', { id: 'n1', from, type: 'picture' }, node('set', {})));
    server.client.send(node('notification', { id: 'n2', from: '@s.whatsapp.net', type: 'mex' }));
    server.client.send(
      node(
        'notification',
        { id: 'n3', from: '@s.whatsapp.net', type: 'server_sync' },
        node('collection', { name: 'regular' }),
      ),
    );
    server.client.send(node('notification', { id: 'n4', from: '@s.whatsapp.net', type: 'account_sync' }));
    await expect.poll(() => server.sentAs('ack')).toHaveLength(8);
    await server.settled();
    const acked = new Set(server.sentAs('ack').map(({ attrs }) => attrs['id']));
    expect(acked).toEqual(new Set(['m1', 'r1', 'r2', 'c1', 'n1', 'n2', 'n3', 'n4']));
    expect(server.sentAs('ack')).toHaveLength(8);
    expect(new Set(server.client.sent.map(({ tag }) => tag))).toEqual(new Set(['ack', 'iq']));
  });

  test('gets fresh keys when it runs low, and no more when it talks nonsense', async () => {
    const low = (id: string, ...content: BinaryNode[]) =>
      server.client.send(node('notification', { id, from: '@s.whatsapp.net', type: 'encrypt' }, ...content));
    low('k1');
    low('k2', node('count', { value: '2' }));
    await expect.poll(() => server.sentAs('ack')).toHaveLength(2);
    await server.settled();
    const uploads = server
      .sentAs('iq')
      .filter(({ attrs }) => attrs['xmlns'] === 'encrypt' && attrs['type'] === 'set');
    expect(uploads).toHaveLength(1);
    expect(server.adapter.refused).not.toContain('presence');
  });

  test('is told of no settings but those it marked, and only once they were read', async () => {
    const dirty = (type: string, ...parts: BinaryNode[]) =>
      server.client.send(node('ib', {}, node('dirty', { type, timestamp: '1795392000' }, ...parts)));
    dirty('groups');
    dirty('account_sync', node('devices'));
    await server.settled();
    expect(pushed).not.toHaveBeenCalled();
    dirty('account_sync', node('devices'), node('privacy'));
    dirty('account_sync');
    await server.settled();
    expect(pushed).toHaveBeenCalledTimes(2);
    expect(server.sentAs('iq').filter(({ attrs }) => attrs['type'] !== 'result')).toEqual([]);
  });
});

test('a change that is marked while the settings are read is not marked as known by that read', async () => {
  const mark = (timestamp: string) =>
    server.client.send(node('ib', {}, node('dirty', { type: 'account_sync', timestamp })));
  const cleaned = () =>
    server
      .sentAs('iq')
      .filter(({ attrs }) => attrs['xmlns'] === 'urn:xmpp:whatsapp:dirty')
      .map(({ content }) => (content as BinaryNode[])[0]?.attrs['timestamp']);
  const settings = node('privacy', {}, node('category', { name: 'last', value: 'all' }));
  let meanwhile = () => {};
  server.onStanza = stanza => {
    if (stanza.attrs['type'] !== 'get') return;
    if (stanza.attrs['xmlns'] === 'privacy') meanwhile();
    const isTimer = stanza.attrs['xmlns'] === 'disappearing_mode';
    server.client.send(resultOf(stanza, isTimer ? node('disappearing_mode', { duration: '0' }) : settings));
  };
  mark('1');
  await server.settled();
  meanwhile = () => mark('2');
  await server.session.readPrivacy(LONG_MS);
  await expect.poll(cleaned).toEqual(['1']);
  meanwhile = () => {};
  await server.session.readPrivacy(LONG_MS);
  await expect.poll(cleaned).toEqual(['1', '2']);
});

describe('a server that tells something to keep', () => {
  test('hears nothing until it is kept, then everything in order', async () => {
    const order: string[] = [];
    vi.spyOn(server.adapter.credentials, 'save').mockImplementation(async () => {
      await new Promise(resolve => setTimeout(resolve, 300));
      order.push('kept');
    });
    server.onStanza = ({ attrs }) => order.push(attrs['id'] ?? '');
    const routing: BinaryNode = { tag: 'routing_info', attrs: {}, content: Buffer.of(8, 8, 1) };
    server.client.send(node('ib', {}, node('edge_routing', {}, routing)));
    for (const id of ['p1', 'p2', 'p3'])
      server.client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id }));
    await expect.poll(() => order).toHaveLength(4);
    expect(order).toEqual(['kept', 'p1', 'p2', 'p3']);
  });

  test('hears nothing more at all when it cannot be kept', async () => {
    vi.spyOn(server.adapter.credentials, 'save').mockRejectedValue(new Error('disk full'));
    const routing: BinaryNode = { tag: 'routing_info', attrs: {}, content: Buffer.of(8, 8, 1) };
    server.client.send(node('ib', {}, node('edge_routing', {}, routing)));
    server.client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id: 'p1' }));
    expect(await server.session.ended).toEqual({
      code: undefined,
      text: 'The credentials could not be stored',
    });
    expect(await server.session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'not_sent' });
    await server.session.close();
    expect(server.client.sent).toEqual([]);
  });
});

describe('a server that links again', () => {
  test('gets no answer and changes nothing on a connection that is linked', async () => {
    const ref: BinaryNode = { tag: 'ref', attrs: {}, content: Buffer.from('2@x') };
    server.client.send(node('iq', { type: 'set', id: 'q1', xmlns: 'md' }, node('pair-device', {}, ref)));
    const device = node('device', { jid: '15550100009:1@s.whatsapp.net' });
    server.client.send(node('iq', { type: 'set', id: 'q2', xmlns: 'md' }, node('pair-success', {}, device)));
    await server.settled();
    expect(server.sentAs('iq').map(({ attrs }) => attrs['id'])).not.toContain('q2');
    server.onStanza = stanza => {
      if (stanza.attrs['xmlns'] === 'privacy')
        server.client.send(
          resultOf(stanza, node('privacy', {}, node('category', { name: 'last', value: 'all' }))),
        );
    };
    expect(await server.session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'read' });
  });
});

describe('an answer', () => {
  const confirm = node('privacy', {}, node('category', { name: 'last', value: 'none' }));

  test('is an IQ: what else bears its id is none', async () => {
    server.onStanza = stanza => {
      const id = stanza.attrs['id'] ?? '';
      server.client.send(node('ack', { id, class: 'iq' }));
      server.client.send(node('notification', { id, type: 'result', from: '@s.whatsapp.net' }, confirm));
      server.client.send(node('iq', { id: `${id}0`, type: 'result' }, confirm));
      server.client.send(
        resultOf(stanza, node('privacy', {}, node('category', { name: 'last', value: 'all' }))),
      );
      server.client.send(resultOf(stanza, confirm));
    };
    expect(await server.session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({
      kind: 'no_answer',
      cause: 'unclear',
    });
  });

  test('given twice is heard once', async () => {
    server.onStanza = stanza => {
      server.client.send(resultOf(stanza, confirm));
      server.client.send(resultOf(stanza, confirm));
    };
    for (let round = 0; round < 20; round++) {
      expect(await server.session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'confirmed' });
    }
  });
});

describe('any end of the stream', () => {
  test.each<[string, BinaryNode, number]>([
    ['xmlstreamend', node('xmlstreamend'), 428],
    ['a failure without a reason', node('failure'), 500],
    ['a failure with nonsense for a reason', node('failure', { reason: 'x' }), 500],
    ['a downgrade', node('ib', {}, node('downgrade_webclient')), 411],
    ['a stream error of its own', node('stream:error', {}, node('xml-not-well-formed')), 500],
  ])('is known by %s', async (_, stanza, code) => {
    const pending = server.session.setPrivacy('last_seen', 'none', LONG_MS);
    await expect.poll(() => server.sentAs('iq')).toHaveLength(1);
    server.client.send(stanza);
    expect(await pending).toEqual({ kind: 'no_answer', cause: 'closed' });
    expect(await server.session.ended).toMatchObject({ code });
  });
});

describe('a server that sends nonsense', () => {
  const tags = [
    'iq',
    'notification',
    'message',
    'receipt',
    'call',
    'ib',
    'ack',
    'presence',
    'chatstate',
    'success',
    'x',
  ];
  const types = [
    'set',
    'get',
    'result',
    'error',
    'account_sync',
    'encrypt',
    'devices',
    'mex',
    'w:gp2',
    'link_code_companion_reg',
    'companion_reg_refresh',
    'mediaretry',
    'privacy_token',
    'server_sync',
    'newsletter',
    'retry',
  ];
  const children = [
    'privacy',
    'dirty',
    'offline',
    'offline_preview',
    'edge_routing',
    'routing_info',
    'count',
    'pair-device',
    'pair-success',
    'device-identity',
    'enc',
    'error',
    'update',
    'identity',
  ];
  const jids = [
    '@s.whatsapp.net',
    '15550100002@s.whatsapp.net',
    '1@lid',
    '1-2@g.us',
    'status@broadcast',
    'x',
  ];
  const word = fc.constantFrom(...tags, ...types, ...children, ...jids, '1', 'NaN');
  const attrs = fc.record(
    {
      id: word,
      from: fc.constantFrom(...jids),
      type: fc.constantFrom(...types),
      xmlns: word,
      participant: fc.constantFrom(...jids),
      offline: fc.constant('1'),
      t: word,
      value: word,
      error: fc.constantFrom('463', '479', '475'),
      class: fc.constant('message'),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Record<string, string>>;
  const { child } = fc.letrec<{ child: BinaryNode }>(tie => ({
    child: fc.record({
      tag: fc.constantFrom(...children),
      attrs,
      content: fc.oneof({ depthSize: 'small' }, fc.uint8Array(), fc.array(tie('child'), { maxLength: 3 })),
    }) as fc.Arbitrary<BinaryNode>,
  }));
  const stanza = fc.record({
    tag: fc.constantFrom(...tags),
    attrs,
    content: fc.array(child, { maxLength: 3 }),
  });

  test('ends no session, makes nothing leave that may not, and is no unhandled rejection', async () => {
    for (const strange of fc.sample(stanza, { numRuns: 1500, seed: 20261122 })) server.client.send(strange);
    await server.settled();
    const allowed = new Set(['ack', 'iq', 'ib']);
    expect(server.client.sent.map(({ tag }) => tag).filter(tag => !allowed.has(tag))).toEqual([]);
    server.onStanza = asked => {
      if (asked.attrs['xmlns'] === 'privacy')
        server.client.send(
          resultOf(asked, node('privacy', {}, node('category', { name: 'last', value: 'none' }))),
        );
    };
    expect(await server.session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'confirmed' });
  });
});
