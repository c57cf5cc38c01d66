import { type BinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../../src/instances/account/ports.js';
import { linkDevice } from '../../support/link.js';
import { adapterTo, DESK, never, startAdapter } from '../support/adapter.js';
import { type Client, type ScriptedServer, scriptedServer } from '../support/scripted-server.js';

const LONG_MS = 600_000;

const node = (tag: string, attrs: Record<string, string> = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  ...(content.length > 0 && { content }),
});
const resultOf = ({ attrs }: BinaryNode, ...content: BinaryNode[]) =>
  node('iq', { type: 'result', id: attrs['id'] ?? '', from: '@s.whatsapp.net' }, ...content);

/** Answers what a login asks; everything else is left to the test. */
function answerLogin(stanza: BinaryNode, client: Client) {
  const [child] = Array.isArray(stanza.content) ? stanza.content : [];
  if (stanza.attrs['xmlns'] === 'encrypt' && child?.tag === 'count') {
    client.send(resultOf(stanza, node('count', { value: '700' })));
  } else if (stanza.tag === 'iq' && ['encrypt', 'passive', 'w:p'].includes(stanza.attrs['xmlns'] ?? '')) {
    client.send(resultOf(stanza, node('digest')));
  }
}

let stored: Uint8Array | undefined;
let server: ScriptedServer;
let client: Client;
let session: Session;
let adapter: ReturnType<typeof adapterTo>;
let onStanza: (stanza: BinaryNode) => void;
const pushed = vi.fn();

beforeEach(async () => {
  onStanza = () => {};
  pushed.mockClear();
  if (!stored) {
    await using desk = await startAdapter();
    await linkDevice(desk, DESK, desk.phone);
    const linked = Buffer.from(desk.credentials.credentials.get(DESK) ?? []).toString();
    // With a name Baileys' own listener would send a presence at every update of the credentials.
    stored = Buffer.from(linked.replace('"me":{', '"me":{"name":"Desk",'));
  }
  server = await scriptedServer({
    onClient: opened => opened.send(node('success', { t: '1795392000', lid: '100000000000001:1@lid' })),
    onStanza(stanza, from) {
      answerLogin(stanza, from);
      onStanza(stanza);
    },
  });
  adapter = adapterTo(server, { closeMs: 50 });
  if (stored) adapter.credentials.credentials.set(DESK, stored);
  const result = await adapter.connect(DESK, { signal: never(), onPrivacyPush: pushed });
  if (result.kind === 'failed') throw new Error(result.disconnect.text);
  session = result.session;
  client = server.clients[0] as Client;
  client.sent.length = 0;
});
afterEach(async () => {
  await session.close();
  await server[Symbol.asyncDispose]();
});

const sentAs = (tag: string) => client.sent.filter(stanza => stanza.tag === tag);
/** When WhatsApp's ping is answered, everything before it has been handled. */
async function settled() {
  const id = `ping-${Math.random()}`;
  client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id, from: '@s.whatsapp.net' }));
  await expect.poll(() => client.sent.some(({ attrs }) => attrs['id'] === id)).toBe(true);
}

describe('a server that asks', () => {
  test('gets an answer to its pings', async () => {
    client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id: 'p1', from: '@s.whatsapp.net' }));
    await expect.poll(() => client.sent).toMatchObject([{ tag: 'iq', attrs: { type: 'result', id: 'p1' } }]);
  });

  test('gets every message, call, receipt and notification acknowledged once, and nothing else', async () => {
    const from = '15550100002@s.whatsapp.net';
    client.send(node('message', { id: 'm1', from, t: '1' }, node('enc', { type: 'pkmsg', v: '2' })));
    client.send(node('receipt', { id: 'r1', from, type: 'read' }));
    client.send(node('receipt', { id: 'r2', from, type: 'retry', participant: from }));
    client.send(node('call', { id: 'c1', from, t: '1' }, node('offer', { 'call-id': 'x' })));
    client.send(node('notification', { id: 'n1', from, type: 'picture' }, node('set', {})));
    client.send(node('notification', { id: 'n2', from: '@s.whatsapp.net', type: 'mex' }));
    client.send(
      node(
        'notification',
        { id: 'n3', from: '@s.whatsapp.net', type: 'server_sync' },
        node('collection', { name: 'regular' }),
      ),
    );
    client.send(node('notification', { id: 'n4', from: '@s.whatsapp.net', type: 'account_sync' }));
    await expect.poll(() => sentAs('ack')).toHaveLength(8);
    await settled();
    const acked = new Set(sentAs('ack').map(({ attrs }) => attrs['id']));
    expect(acked).toEqual(new Set(['m1', 'r1', 'r2', 'c1', 'n1', 'n2', 'n3', 'n4']));
    expect(sentAs('ack')).toHaveLength(8);
    expect(new Set(client.sent.map(({ tag }) => tag))).toEqual(new Set(['ack', 'iq']));
  });

  test('gets fresh keys when it runs low, and no more when it talks nonsense', async () => {
    const low = (id: string, ...content: BinaryNode[]) =>
      client.send(node('notification', { id, from: '@s.whatsapp.net', type: 'encrypt' }, ...content));
    low('k1');
    low('k2', node('count', { value: '2' }));
    await expect.poll(() => sentAs('ack')).toHaveLength(2);
    await settled();
    const uploads = sentAs('iq').filter(
      ({ attrs }) => attrs['xmlns'] === 'encrypt' && attrs['type'] === 'set',
    );
    expect(uploads).toHaveLength(1);
    expect(adapter.refused).not.toContain('presence');
  });

  test('is told of no settings but those it marked, and only once they were read', async () => {
    const dirty = (type: string, ...parts: BinaryNode[]) =>
      client.send(node('ib', {}, node('dirty', { type, timestamp: '1795392000' }, ...parts)));
    dirty('groups');
    dirty('account_sync', node('devices'));
    await settled();
    expect(pushed).not.toHaveBeenCalled();
    dirty('account_sync', node('devices'), node('privacy'));
    dirty('account_sync');
    await settled();
    expect(pushed).toHaveBeenCalledTimes(2);
    expect(sentAs('iq').filter(({ attrs }) => attrs['type'] !== 'result')).toEqual([]);
  });
});

test('a change that is marked while the settings are read is not marked as known by that read', async () => {
  const mark = (timestamp: string) =>
    client.send(node('ib', {}, node('dirty', { type: 'account_sync', timestamp })));
  const cleaned = () =>
    sentAs('iq')
      .filter(({ attrs }) => attrs['xmlns'] === 'urn:xmpp:whatsapp:dirty')
      .map(({ content }) => (content as BinaryNode[])[0]?.attrs['timestamp']);
  const settings = node('privacy', {}, node('category', { name: 'last', value: 'all' }));
  let meanwhile = () => {};
  onStanza = stanza => {
    if (stanza.attrs['type'] !== 'get') return;
    if (stanza.attrs['xmlns'] === 'privacy') meanwhile();
    const isTimer = stanza.attrs['xmlns'] === 'disappearing_mode';
    client.send(resultOf(stanza, isTimer ? node('disappearing_mode', { duration: '0' }) : settings));
  };
  mark('1');
  await settled();
  meanwhile = () => mark('2');
  await session.readPrivacy(LONG_MS);
  await expect.poll(cleaned).toEqual(['1']);
  meanwhile = () => {};
  await session.readPrivacy(LONG_MS);
  await expect.poll(cleaned).toEqual(['1', '2']);
});

describe('a server that tells something to keep', () => {
  test('hears nothing until it is kept, then everything in order', async () => {
    const order: string[] = [];
    vi.spyOn(adapter.credentials, 'save').mockImplementation(async () => {
      await new Promise(resolve => setTimeout(resolve, 300));
      order.push('kept');
    });
    onStanza = ({ attrs }) => order.push(attrs['id'] ?? '');
    const routing: BinaryNode = { tag: 'routing_info', attrs: {}, content: Buffer.of(8, 8, 1) };
    client.send(node('ib', {}, node('edge_routing', {}, routing)));
    for (const id of ['p1', 'p2', 'p3']) client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id }));
    await expect.poll(() => order).toHaveLength(4);
    expect(order).toEqual(['kept', 'p1', 'p2', 'p3']);
  });

  test('hears nothing more at all when it cannot be kept', async () => {
    vi.spyOn(adapter.credentials, 'save').mockRejectedValue(new Error('disk full'));
    const routing: BinaryNode = { tag: 'routing_info', attrs: {}, content: Buffer.of(8, 8, 1) };
    client.send(node('ib', {}, node('edge_routing', {}, routing)));
    client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id: 'p1' }));
    expect(await session.ended).toEqual({ code: undefined, text: 'The credentials could not be stored' });
    expect(await session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'not_sent' });
    await session.close();
    expect(client.sent).toEqual([]);
  });
});

describe('a server that links again', () => {
  test('gets no answer and changes nothing on a connection that is linked', async () => {
    const ref: BinaryNode = { tag: 'ref', attrs: {}, content: Buffer.from('2@x') };
    client.send(node('iq', { type: 'set', id: 'q1', xmlns: 'md' }, node('pair-device', {}, ref)));
    const device = node('device', { jid: '15550100009:1@s.whatsapp.net' });
    client.send(node('iq', { type: 'set', id: 'q2', xmlns: 'md' }, node('pair-success', {}, device)));
    await settled();
    expect(sentAs('iq').map(({ attrs }) => attrs['id'])).not.toContain('q2');
    onStanza = stanza => {
      if (stanza.attrs['xmlns'] === 'privacy')
        client.send(resultOf(stanza, node('privacy', {}, node('category', { name: 'last', value: 'all' }))));
    };
    expect(await session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'read' });
  });
});

describe('an answer', () => {
  const confirm = node('privacy', {}, node('category', { name: 'last', value: 'none' }));

  test('is an IQ: what else bears its id is none', async () => {
    onStanza = stanza => {
      const id = stanza.attrs['id'] ?? '';
      client.send(node('ack', { id, class: 'iq' }));
      client.send(node('notification', { id, type: 'result', from: '@s.whatsapp.net' }, confirm));
      client.send(node('iq', { id: `${id}0`, type: 'result' }, confirm));
      client.send(resultOf(stanza, node('privacy', {}, node('category', { name: 'last', value: 'all' }))));
      client.send(resultOf(stanza, confirm));
    };
    expect(await session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({
      kind: 'no_answer',
      cause: 'unclear',
    });
  });

  test('given twice is heard once', async () => {
    onStanza = stanza => {
      client.send(resultOf(stanza, confirm));
      client.send(resultOf(stanza, confirm));
    };
    for (let round = 0; round < 20; round++) {
      expect(await session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'confirmed' });
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
    const pending = session.setPrivacy('last_seen', 'none', LONG_MS);
    await expect.poll(() => sentAs('iq')).toHaveLength(1);
    client.send(stanza);
    expect(await pending).toEqual({ kind: 'no_answer', cause: 'closed' });
    expect(await session.ended).toMatchObject({ code });
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
    for (const strange of fc.sample(stanza, { numRuns: 1500, seed: 20261122 })) client.send(strange);
    await settled();
    const allowed = new Set(['ack', 'iq', 'ib']);
    expect(client.sent.map(({ tag }) => tag).filter(tag => !allowed.has(tag))).toEqual([]);
    onStanza = asked => {
      if (asked.attrs['xmlns'] === 'privacy')
        client.send(resultOf(asked, node('privacy', {}, node('category', { name: 'last', value: 'none' }))));
    };
    expect(await session.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'confirmed' });
  });

  test('in its bytes ends the session at once', async () => {
    const pending = session.setPrivacy('last_seen', 'none', LONG_MS);
    const bytes = Buffer.from(encodeBinaryNode(node('iq', { type: 'result' })));
    client.sendSealed(bytes.subarray(0, bytes.length - 2));
    expect(await pending).toEqual({ kind: 'no_answer', cause: 'closed' });
    expect(await session.ended).toEqual({
      code: undefined,
      text: 'WhatsApp sent a frame that cannot be read',
    });
  });
});
