import { randomBytes } from 'node:crypto';
import { type BinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compress } from '../../../src/simulator/wire/compress.js';
import { node, resultOf, type ScriptedLogin, scriptedLogin } from '../support/scripted-login.js';

const LONG_MS = 600_000;
const SERVER = '@s.whatsapp.net';

let server: ScriptedLogin;
const pushed = vi.fn();
beforeEach(async () => {
  pushed.mockClear();
  server = await scriptedLogin(pushed);
});
afterEach(() => server[Symbol.asyncDispose]());

const bytesOf = (stanza: BinaryNode) => Buffer.from(encodeBinaryNode(stanza));
const message = (id: string, ...content: BinaryNode[]) =>
  node('message', { id, from: '15550100002@s.whatsapp.net' }, ...content);
const acked = () => server.sentAs('ack').map(({ attrs }) => attrs['id']);
const ping = (id: string) => node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id, from: SERVER });

/** Takes long to inflate, and does not get much smaller. */
const large: BinaryNode = { tag: 'enc', attrs: {}, content: randomBytes(3_000_000) };

describe('frames', () => {
  test('are handled in the order they came, however long one takes to inflate', async () => {
    for (let round = 0; round < 5; round++) {
      server.client.sendSealed(compress(bytesOf(message(`large-${round}`, large))));
      server.client.send(message(`small-${round}`));
    }
    await expect.poll(acked, { timeout: 60_000 }).toHaveLength(10);
    const order = [0, 1, 2, 3, 4].flatMap(round => [`large-${round}`, `small-${round}`]);
    expect(acked()).toEqual(order);
  });

  test('say why the connection ended also when the last one takes long to inflate', async () => {
    const failure = node('failure', { reason: '401' }, large);
    server.client.sendSealed(compress(bytesOf(failure)));
    server.client.close();
    expect(await server.session.ended).toMatchObject({ code: 401 });
  });

  test('that are no stanza are passed over, told by their length, and lose nothing behind them', async () => {
    const whole = bytesOf(node('iq', { type: 'result' }));
    const broken = whole.subarray(0, -2);
    server.client.sendSealed(bytesOf(ping('p1')), broken, bytesOf(ping('p2')));
    await expect.poll(() => server.sentAs('iq').map(({ attrs }) => attrs['id'])).toEqual(['p1', 'p2']);
    server.client.sendSealed(Buffer.of(2, 1, 2, 3));
    server.client.sendSealed(Buffer.of());
    await server.settled();
    // A tag of 16 bytes is part of what came.
    expect(server.adapter.dropped).toEqual([broken.length + 16, 4 + 16, 16]);
    server.onStanza = asked =>
      server.client.send(
        resultOf(asked, node('privacy', {}, node('category', { name: 'last', value: 'all' }))),
      );
    expect(await server.session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'read' });
  });

  test('that cannot be decrypted end the session, for none behind them can be', async () => {
    server.client.sendBytes(Buffer.alloc(40, 7));
    expect(await server.session.ended).toEqual({
      code: undefined,
      text: 'WhatsApp sent a frame that cannot be read',
      isUnclear: true,
    });
    expect(server.adapter.dropped).toEqual([]);
  });
});

test.each<[string, Record<string, string>, BinaryNode[]]>([
  ['as usual', { type: 'get', xmlns: 'urn:xmpp:ping' }, []],
  ['without a type', { xmlns: 'urn:xmpp:ping' }, []],
  ['by a child', { type: 'get' }, [node('ping')]],
  ['by a child alone', {}, [node('ping')]],
])('a ping %s is answered once', async (_, attrs, content) => {
  server.client.send(node('iq', { id: 'p1', from: SERVER, ...attrs }, ...content));
  await server.settled();
  const results = server.sentAs('iq').filter(({ attrs: { id } }) => id === 'p1');
  expect(results).toMatchObject([{ attrs: { type: 'result', id: 'p1' } }]);
});

test.each([SERVER, 's.whatsapp.net', '@c.us'])(
  'a low count of keys from %s has new ones made',
  async from => {
    const uploads = () =>
      server.sentAs('iq').filter(({ attrs }) => attrs['xmlns'] === 'encrypt' && attrs['type'] === 'set');
    const low = node('notification', { id: 'k1', from, type: 'encrypt' }, node('count', { value: '3' }));
    server.client.send(low);
    await expect.poll(acked).toEqual(['k1']);
    expect(uploads()).toHaveLength(1);
  },
);

test('a low count of keys from a contact is acknowledged and no more', async () => {
  const low = node('count', { value: '3' });
  const from = '15550100002@s.whatsapp.net';
  server.client.send(node('notification', { id: 'k1', from, type: 'encrypt' }, low));
  await expect.poll(acked).toEqual(['k1']);
  await server.settled();
  expect(server.sentAs('iq').filter(({ attrs }) => attrs['xmlns'] === 'encrypt')).toEqual([]);
});

describe('each child of an <ib>', () => {
  const dirty = node('dirty', { type: 'account_sync', timestamp: '1795392000' });
  const routing = node('edge_routing', {}, { tag: 'routing_info', attrs: {}, content: Buffer.of(8, 8, 1) });

  test('is heard, wherever it stands, and once', async () => {
    server.client.send(node('ib', { from: SERVER }, routing, dirty));
    await server.settled();
    expect(pushed).toHaveBeenCalledTimes(1);
    server.client.send(node('ib', { from: SERVER }, dirty, node('thread_metadata'), routing, dirty));
    await server.settled();
    expect(pushed).toHaveBeenCalledTimes(3);
    server.client.send(node('ib', { from: SERVER }, node('tos'), node('downgrade_webclient')));
    expect(await server.session.ended).toMatchObject({ code: 411 });
  });

  test('may be the end of the queue', async () => {
    expect(server.session.offlineQueue.state).toBe('DELIVERING');
    server.client.send(node('ib', { from: SERVER }, routing, node('offline', { count: '0' })));
    await server.settled();
    expect(server.session.offlineQueue.state).toBe('DRAINED');
  });
});

test('a stream that ends for want of an answer says to what, and the log which', async () => {
  const owed = node('ack', { class: 'status', id: '3EB0C767D097B7C7C1B9', type: 'media' });
  server.client.send(node('stream:error', {}, owed));
  expect(await server.session.ended).toEqual({
    code: 500,
    text: 'WhatsApp missed an answer to a status stanza',
  });
  expect(server.adapter.owed).toEqual([{ stanza: 'status', id: '3EB0C767D097B7C7C1B9' }]);
});
