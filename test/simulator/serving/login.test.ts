import { createHash } from 'node:crypto';
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Phone, type Simulator, startSimulator } from '../../../src/simulator/index.js';
import { type Client, closing, dial, linked, newClient, opening } from '../support/baileys.js';

let simulator: Simulator;
let phone: Phone;
beforeEach(async () => {
  simulator = await startSimulator();
  phone = simulator.addPhone({ phoneNumber: '15550100001', lid: '100000000000001' });
});
afterEach(() => simulator.stop());

const get = (xmlns: string, ...content: BinaryNode[]): BinaryNode => ({
  tag: 'iq',
  attrs: { to: '@s.whatsapp.net', type: 'get', xmlns },
  content,
});
const bytes = (part: BinaryNode | undefined, tag: string) =>
  Buffer.from((getBinaryNodeChild(part, tag)?.content ?? []) as Uint8Array);

describe('a login', () => {
  test('has every start-up query of Baileys answered without an error', async () => {
    const warnings: unknown[] = [];
    const logger = {
      level: 'silent',
      child: () => logger,
      trace: () => undefined,
      debug: () => undefined,
      info: () => undefined,
      warn: (...line: unknown[]) => warnings.push(line),
      error: (...line: unknown[]) => warnings.push(line),
    };
    const { client, sock } = await linked(simulator, phone);
    await sock.end(undefined);
    simulator.clearStanzas();
    const again = dial(simulator, client, { logger });
    await opening(again);
    await again.fetchPrivacySettings();
    const asked = simulator.findStanzas({ tag: 'iq' }).map(({ node }) => node.attrs['xmlns']);
    expect(asked).toEqual(expect.arrayContaining(['encrypt', 'passive', 'abt', 'blocklist', 'privacy']));
    // Baileys says this of every account that it has no name for yet.
    expect(warnings).toEqual([['no name present, ignoring presence update request...']]);
  });

  test('gets its pre-keys counted, and a digest of exactly the keys it has', async () => {
    const { client, sock } = await linked(simulator, phone);
    const count = getBinaryNodeChild(await sock.query(get('encrypt', { tag: 'count', attrs: {} })), 'count');
    expect(count?.attrs).toEqual({ value: '812' });
    const digest = getBinaryNodeChild(
      await sock.query(get('encrypt', { tag: 'digest', attrs: {} })),
      'digest',
    );
    const { signedIdentityKey, signedPreKey } = client.creds;
    const ids = getBinaryNodeChildren(getBinaryNodeChild(digest, 'list'), 'id').map(({ content }) =>
      Buffer.from(content as Uint8Array).readUIntBE(0, 3),
    );
    expect(ids).toHaveLength(812);
    const hash = createHash('sha1')
      .update(signedIdentityKey.public)
      .update(signedPreKey.keyPair.public)
      .update(signedPreKey.signature);
    for (const id of ids) hash.update((client.keys.get(`pre-key/${id}`) as { public: Uint8Array }).public);
    expect(bytes(digest, 'hash')).toEqual(hash.digest());
    expect(bytes(digest, 'identity')).toEqual(Buffer.from(signedIdentityKey.public));
  });

  test('takes a rotated signed pre-key and refuses one that is signed by another', async () => {
    const { client, sock } = await linked(simulator, phone);
    await sock.rotateSignedPreKey();
    const digest = getBinaryNodeChild(
      await sock.query(get('encrypt', { tag: 'digest', attrs: {} })),
      'digest',
    );
    expect(bytes(getBinaryNodeChild(digest, 'skey'), 'value')).toEqual(
      Buffer.from(client.creds.signedPreKey.keyPair.public),
    );
    Object.assign(client.creds, { signedIdentityKey: newClient().creds.signedIdentityKey });
    await expect(sock.rotateSignedPreKey()).rejects.toMatchObject({ data: 400 });
  });

  test('of a device nobody linked, or with another key, is refused with 401', async () => {
    const { client, sock } = await linked(simulator, phone);
    await sock.end(undefined);
    const stranger: Client = { creds: { ...newClient().creds }, keys: new Map() };
    stranger.creds.me = { id: '15550100001:1@s.whatsapp.net' };
    expect(await closing(dial(simulator, stranger))).toBe(401);
    client.creds.me = { id: '15550100001:7@s.whatsapp.net' };
    expect(await closing(dial(simulator, client))).toBe(401);
    client.creds.me = { id: '15550100009:1@s.whatsapp.net' };
    expect(await closing(dial(simulator, client))).toBe(401);
  });

  test('ends an earlier connection of the same device with 440', async () => {
    const { client, sock } = await linked(simulator, phone);
    const replaced = closing(sock);
    await opening(dial(simulator, client));
    expect(await replaced).toBe(440);
    expect(phone.devices()).toMatchObject([{ connected: true }]);
  });

  test('is recorded with what ended it: a newer login of the device, or the client', async () => {
    const { client, sock } = await linked(simulator, phone);
    const [before] = simulator.sessions(phone.phoneNumber);
    const replaced = closing(sock);
    const again = dial(simulator, client, { waWebSocketUrl: `${simulator.url}?from=elsewhere` });
    await opening(again);
    await replaced;
    await again.end(undefined);
    const newest = () => simulator.sessions(phone.phoneNumber).at(-1);
    await expect.poll(() => newest()?.until).toBeDefined();
    expect(newest()).toMatchObject({ device: 1, target: '/ws/chat?from=elsewhere', replaced: undefined });
    expect(before?.replaced).toBe(newest()?.from);
    expect(before?.target).toBe('/ws/chat');
  });

  test('learns routing info where the server gives it, and sends it in the next header', async () => {
    simulator.behaviour.edgeRouting = true;
    const { client, sock } = await linked(simulator, phone);
    await expect.poll(() => client.creds.routingInfo).toBeDefined();
    await sock.end(undefined);
    await opening(dial(simulator, client));
  });
});

describe('a device', () => {
  test('that is removed on the phone is told 401 and cannot come back', async () => {
    const { client, sock } = await linked(simulator, phone);
    const ended = closing(sock);
    expect(phone.removeDevice(1)).toBe(true);
    expect(await ended).toBe(401);
    expect(await closing(dial(simulator, client))).toBe(401);
    expect(phone.devices()).toEqual([]);
  });

  test('that logs out is gone from the phone', async () => {
    const { client, sock } = await linked(simulator, phone);
    await sock.logout();
    await expect.poll(() => phone.devices()).toEqual([]);
    expect(await closing(dial(simulator, client))).toBe(401);
  });

  test('that logs out through an IQ is confirmed first', async () => {
    const { sock } = await linked(simulator, phone);
    const jid = '15550100001:1@s.whatsapp.net';
    const removal = { tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } };
    const iq = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md' }, content: [removal] };
    const ended = closing(sock);
    expect(await sock.query(iq)).toMatchObject({ attrs: { type: 'result' } });
    expect(await ended).toBe(401);
  });

  test('cannot log out another one', async () => {
    const { sock } = await linked(simulator, phone);
    await linked(simulator, phone);
    const removal = { tag: 'remove-companion-device', attrs: { jid: '15550100001:2@s.whatsapp.net' } };
    const iq = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md' }, content: [removal] };
    await expect(sock.query(iq)).rejects.toMatchObject({ data: 403 });
    expect(phone.devices()).toHaveLength(2);
  });

  test.each([
    ['close', 428],
    ['reset', 428],
  ] as const)('whose connection ends by %s may log in again', async (how, code) => {
    const { client, sock } = await linked(simulator, phone);
    const ended = closing(sock);
    phone.dropConnections(how);
    expect(await ended).toBe(code);
    await opening(dial(simulator, client));
  });

  test.each([500, 503, 515, 516])('is told stream error %i', async code => {
    const { sock } = await linked(simulator, phone);
    const ended = closing(sock);
    phone.streamError(code);
    expect(await ended).toBe(code);
  });
});

test('an IQ of an unknown namespace is answered 501, one without a type 400', async () => {
  const { sock } = await linked(simulator, phone);
  await expect(sock.query(get('w:unheard_of'))).rejects.toMatchObject({ data: 501 });
  const untyped = { tag: 'iq', attrs: { to: '@s.whatsapp.net', xmlns: 'privacy' } };
  await expect(sock.query(untyped)).rejects.toMatchObject({ data: 400 });
});

test('a user is looked up by number', async () => {
  const { sock } = await linked(simulator, phone);
  // Baileys leaves out who is not there.
  expect(await sock.onWhatsApp('15550100001', '15550100009')).toEqual([
    { jid: '15550100001@s.whatsapp.net', exists: true },
  ]);
});

test('presences and acks are kept in the log', async () => {
  const { sock } = await linked(simulator, phone);
  simulator.clearStanzas();
  await sock.sendNode({ tag: 'presence', attrs: { type: 'unavailable', name: 'Test' } });
  await expect
    .poll(() => simulator.findStanzas({ phoneNumber: '+15550100001', tag: 'presence' }))
    .toMatchObject([{ device: 1, node: { attrs: { type: 'unavailable' } } }]);
});
