import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Phone, Simulator } from '../../../src/simulator/index.js';
import { dial, linked, opening, received, startLinked } from '../support/baileys.js';
import { category, getPrivacy, privacyIq, setPrivacy } from '../support/privacy.js';

let simulator: Simulator;
let phone: Phone;
let sock: WASocket;
beforeEach(async () => {
  ({ simulator, phone, sock } = await startLinked());
});
afterEach(() => simulator.stop());

const push = (to: WASocket) => received(to, 'CB:notification,type:account_sync,privacy');
const contentOf = ({ content }: BinaryNode) => content;

describe('privacy settings', () => {
  test('are read as the account has them', async () => {
    phone.setPrivacy('last', 'contact_blacklist');
    phone.setPrivacy('pix', 'nobody_knows');
    phone.removeCategory('stickers');
    expect(await getPrivacy(sock)).toEqual({
      readreceipts: 'all',
      profile: 'all',
      status: 'all',
      online: 'all',
      last: 'contact_blacklist',
      groupadd: 'all',
      calladd: 'all',
      messages: 'all',
      defense: 'off',
      pix: 'nobody_knows',
    });
  });

  test('start with the values and categories the phone was made with', async () => {
    const other = simulator.addPhone({
      phoneNumber: '15550100002',
      settings: { last: 'none', pix: 'contacts' },
      categories: ['last', 'online', 'pix'],
    });
    const two = await linked(simulator, other);
    expect(await getPrivacy(two.sock)).toEqual({ last: 'none', online: 'all', pix: 'contacts' });
  });

  test.each([
    ['last', 'contact_blacklist'],
    ['online', 'match_last_seen'],
    ['readreceipts', 'none'],
    ['calladd', 'known'],
    ['groupadd', 'contacts'],
    ['messages', 'contacts'],
  ])('change: %s to %s, and the reply says exactly that', async (name, value) => {
    expect(await setPrivacy(sock, { [name]: value })).toEqual([category(name, value)]);
    expect(phone.settings()[name]).toBe(value);
    expect(simulator.sets('15550100001')).toMatchObject([{ category: name, value, device: 1 }]);
  });

  test.each([
    ['last', 'match_last_seen', 400],
    ['online', 'none', 400],
    ['groupadd', 'none', 400],
    ['unheard_of', 'all', 400],
    ['defense', 'on_standard', 403],
  ])('do not change: %s to %s is refused inside the category', async (name, value, code) => {
    const before = phone.settings();
    expect(await setPrivacy(sock, { [name]: value })).toMatchObject([
      { attrs: { name, value: 'error' }, content: [{ tag: 'error', attrs: { code: `${code}` } }] },
    ]);
    expect(phone.settings()).toEqual(before);
    expect(simulator.sets('15550100001')).toEqual([]);
  });

  test('are refused with an error stanza where the server is made to', async () => {
    simulator.behaviour.invalidSet = 'refuse';
    await expect(setPrivacy(sock, { last: 'nobody' })).rejects.toMatchObject({ data: 400 });
  });

  test('do not change by an IQ without a category', async () => {
    await expect(setPrivacy(sock, {})).rejects.toMatchObject({ data: 400 });
    await expect(sock.query(privacyIq('set'))).rejects.toMatchObject({ data: 400 });
  });

  test('change together when the server takes several categories, and not at all when it does not', async () => {
    expect(await setPrivacy(sock, { last: 'none', online: 'none' })).toMatchObject([
      category('last', 'none'),
      { attrs: { value: 'error' } },
    ]);
    simulator.behaviour.severalCategories = 'refuse';
    await expect(setPrivacy(sock, { last: 'all', profile: 'none' })).rejects.toMatchObject({ data: 400 });
    expect(phone.settings()).toMatchObject({ last: 'none', online: 'all', profile: 'all' });
  });

  test('that defense locks stay as they are', async () => {
    phone.setPrivacy('defense', 'on_standard');
    expect(await setPrivacy(sock, { last: 'none' })).toMatchObject([
      { attrs: { value: 'error' }, content: [{ attrs: { code: '403' } }] },
    ]);
    expect(await setPrivacy(sock, { readreceipts: 'none' })).toEqual([category('readreceipts', 'none')]);
    simulator.behaviour.lockedSet = 'refuse';
    await expect(setPrivacy(sock, { last: 'none' })).rejects.toMatchObject({ data: 403 });
    simulator.behaviour.lockedSet = 'apply';
    expect(await setPrivacy(sock, { last: 'none' })).toEqual([category('last', 'none')]);
  });

  test('the account does not report are taken all the same, or not', async () => {
    phone.removeCategory('messages');
    expect(await setPrivacy(sock, { messages: 'contacts' })).toEqual([category('messages', 'contacts')]);
    phone.removeCategory('messages');
    simulator.behaviour.unreportedSet = 'refuse_category';
    expect(await setPrivacy(sock, { messages: 'contacts' })).toMatchObject([{ attrs: { value: 'error' } }]);
  });
});

describe('a change of settings', () => {
  test('on the phone is pushed to every device with its category', async () => {
    const second = await linked(simulator, phone);
    const pushes = [push(sock), push(second.sock)];
    phone.setPrivacy('last', 'contacts');
    for (const notification of await Promise.all(pushes)) {
      expect(notification.attrs).toMatchObject({ from: '15550100001@s.whatsapp.net', type: 'account_sync' });
      expect(contentOf(notification)).toEqual([
        { tag: 'privacy', attrs: {}, content: [category('last', 'contacts')] },
      ]);
    }
    await expect.poll(() => simulator.findStanzas({ tag: 'ack', type: 'account_sync' })).toHaveLength(2);
  });

  test('is pushed bare where the server is made to', async () => {
    simulator.behaviour.push = 'bare';
    const notification = push(sock);
    phone.setPrivacy('last', 'contacts');
    expect(contentOf(await notification)).toMatchObject([{ tag: 'privacy', attrs: {} }]);
    expect(await getPrivacy(sock)).toMatchObject({ last: 'contacts' });
  });

  test('by a device is pushed to the others, and to itself only where the server echoes', async () => {
    const second = await linked(simulator, phone);
    const seen: string[] = [];
    for (const [name, one] of [
      ['first', sock],
      ['second', second.sock],
    ] as const) {
      one.ws.on('CB:notification,type:account_sync,privacy', () => seen.push(name));
    }
    await setPrivacy(sock, { last: 'none' });
    await expect.poll(() => seen).toEqual(['second']);
    simulator.behaviour.echoOwnSets = true;
    await setPrivacy(sock, { last: 'all' });
    await expect.poll(() => seen.toSorted()).toEqual(['first', 'second', 'second']);
  });
});

describe('a device that was away', () => {
  test('gets what it missed after login, marked as offline, once', async () => {
    const { client, sock: second } = await linked(simulator, phone);
    await second.end(undefined);
    await expect.poll(() => phone.devices()[1]?.connected).toBe(false);
    phone.setPrivacy('last', 'contacts');
    phone.setPrivacy('profile', 'none');
    simulator.clearStanzas();

    const back = dial(simulator, client);
    const missed: BinaryNode[] = [];
    back.ws.on('CB:notification,type:account_sync,privacy', (one: BinaryNode) => missed.push(one));
    const dirty = received(back, 'CB:ib,,dirty');
    const preview = received(back, 'CB:ib,,offline_preview');
    const offline = received(back, 'CB:ib,,offline');
    await opening(back);
    expect((await dirty).content).toMatchObject([
      { attrs: { type: 'account_sync' }, content: [{ tag: 'privacy' }] },
    ]);
    expect((await preview).content).toMatchObject([{ attrs: { notification: '2' } }]);
    expect((await offline).content).toMatchObject([{ attrs: { count: '2' } }]);
    expect(missed.map(({ attrs }) => attrs['offline'])).toEqual(['0', '1']);
    const acks = () => simulator.findStanzas({ device: 2, tag: 'ack', type: 'account_sync' });
    await expect.poll(acks).toHaveLength(2);

    await back.end(undefined);
    const again = dial(simulator, client);
    const nothing = received(again, 'CB:ib,,offline');
    expect((await nothing).content).toMatchObject([{ attrs: { count: '0' } }]);
  });

  test('is told that it is dirty until it says that it is clean', async () => {
    const { client, sock: second } = await linked(simulator, phone);
    await second.end(undefined);
    await expect.poll(() => phone.devices()[1]?.connected).toBe(false);
    phone.setPrivacy('last', 'contacts');
    const back = dial(simulator, client);
    await received(back, 'CB:ib,,dirty');
    await opening(back);
    await back.cleanDirtyBits('account_sync', Date.now());
    await expect.poll(() => simulator.findStanzas({ xmlns: 'urn:xmpp:whatsapp:dirty' })).toHaveLength(1);
    await back.end(undefined);
    const again = dial(simulator, client);
    const first = received(again, 'CB:ib');
    expect((await first).content).toMatchObject([{ tag: 'offline' }]);
  });
});

describe('the disappearing mode', () => {
  const iq = (type: string, duration?: number): BinaryNode => ({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type, xmlns: 'disappearing_mode' },
    ...(duration !== undefined && {
      content: [{ tag: 'disappearing_mode', attrs: { duration: `${duration}` } }],
    }),
  });

  test('is read and changed', async () => {
    await sock.query(iq('set', 86_400));
    expect(await sock.query(iq('get'))).toMatchObject({ content: [{ attrs: { duration: '86400' } }] });
    expect(simulator.sets('15550100001')).toMatchObject([{ category: 'disappearing_mode', value: '86400' }]);
  });

  test('is pushed when the phone changes it', async () => {
    const notification = received(sock, 'CB:notification,type:account_sync,disappearing_mode');
    phone.setDisappearingMode(604_800);
    expect((await notification).content).toMatchObject([{ attrs: { duration: '604800' } }]);
  });

  test('takes only the timers WhatsApp offers', async () => {
    await expect(sock.query(iq('set', 5))).rejects.toMatchObject({ data: 400 });
  });
});
