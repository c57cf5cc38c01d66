import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  USyncQuery,
  USyncUser,
  type WASocket,
} from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Phone, type Simulator, startSimulator } from '../../../src/simulator/index.js';
import { linked, received } from '../support/baileys.js';
import { getPrivacy, privacyIq, setPrivacy } from '../support/privacy.js';

const ANNA = '15550100101';
const BEN = '15550100102';

let simulator: Simulator;
let phone: Phone;
let sock: WASocket;
beforeEach(async () => {
  simulator = await startSimulator({ behaviour: { preKeys: 'not_asked' } });
  simulator.addPerson({ phoneNumber: ANNA, lid: '71' });
  simulator.addPerson({ phoneNumber: BEN, lid: '72' });
  phone = simulator.addPhone({ phoneNumber: '15550100001', lists: { last: [ANNA] } });
  ({ sock } = await linked(simulator, phone));
});
afterEach(() => simulator.stop());

const inForm = (form: 'lid' | 'pn', content: BinaryNode): BinaryNode => ({
  tag: 'privacy',
  attrs: form === 'lid' ? { addressing_mode: 'lid' } : {},
  content: [content],
});
const read = async (form: 'lid' | 'pn' = 'lid', name = 'last', dhash?: string) => {
  const attrs = { name, value: 'contact_blacklist', ...(dhash !== undefined && { dhash }) };
  const reply: BinaryNode = await sock.query(privacyIq('get', inForm(form, { tag: 'list', attrs })), 20_000);
  const privacy = getBinaryNodeChild(reply, 'privacy');
  const list = getBinaryNodeChild(privacy, 'list');
  const users = getBinaryNodeChildren(list, 'user').map(({ attrs }) => attrs);
  return {
    form: privacy?.attrs['addressing_mode'],
    dhash: list?.attrs['dhash'],
    users,
    isTold: list !== undefined,
  };
};
const write = async (
  dhash: string | undefined,
  users: Record<string, string>[],
  { form = 'lid' as 'lid' | 'pn', name = 'last', value = 'contact_blacklist' } = {},
) => {
  const category: BinaryNode = {
    tag: 'category',
    attrs: { name, value, ...(dhash !== undefined && { dhash }) },
    content: users.map(attrs => ({ tag: 'user', attrs })),
  };
  const reply: BinaryNode = await sock.query(privacyIq('set', inForm(form, category)), 20_000);
  const told = getBinaryNodeChild(getBinaryNodeChild(reply, 'privacy'), 'category');
  const { value: set, dhash: stamp } = told?.attrs ?? {};
  return { value: set, stamp, code: getBinaryNodeChild(told, 'error')?.attrs['code'] };
};
const addBen = { action: 'add', jid: '72@lid', pn_jid: `${BEN}@s.whatsapp.net` };
const members = (category = 'last') =>
  phone.contactList(category).contacts.map(({ phoneNumber }) => phoneNumber);

describe('a contact list', () => {
  test('is read with LIDs, phone numbers and its stamp, and not again with that stamp', async () => {
    const { stamp } = phone.contactList('last');
    expect(await read()).toEqual({
      form: 'lid',
      dhash: stamp,
      users: [{ jid: '71@lid', pn_jid: `${ANNA}@s.whatsapp.net` }],
      isTold: true,
    });
    expect(await read('lid', 'last', stamp)).toMatchObject({ isTold: false });
  });

  test('is not told while its category has another value, and then takes a change with the stamp none', async () => {
    phone.setPrivacy('last', 'contacts');
    expect(await read()).toMatchObject({ form: 'lid', isTold: false });
    expect(await write('none', [addBen])).toMatchObject({ value: 'contact_blacklist' });
    expect(members()).toEqual([ANNA, BEN]);
  });

  test('is gone after another value where the server is made to', async () => {
    simulator.behaviour.listAway = 'cleared';
    phone.setPrivacy('last', 'contacts');
    await setPrivacy(sock, { last: 'contact_blacklist' });
    expect(await read()).toMatchObject({ isTold: false });
  });

  test('comes back with a plain set of its value, or is empty then, and its stamp is told or not', async () => {
    const plain = async () => (await setPrivacy(sock, { last: 'contact_blacklist' }))[0]?.attrs['dhash'];
    phone.setPrivacy('last', 'contacts');
    expect(await plain()).toBeUndefined();
    expect(members()).toEqual([ANNA]);
    simulator.behaviour.plainListStamp = 'told';
    expect(await plain()).toBe(phone.contactList('last').stamp);
    simulator.behaviour.plainList = 'emptied';
    const told = await plain();
    expect(await read()).toMatchObject({ dhash: told, users: [], isTold: true });
  });

  test.each([
    ['a change of the phone before it', { do: 'phone', contacts: { last: [BEN] } } as const],
    ['a wait before it', { do: 'delay', ms: 100 } as const],
  ])('is refused with the stamp that %s made stale', async (_, effect) => {
    const { stamp } = phone.contactList('last');
    simulator.inject({ match: { on: 'privacy_set', category: 'last' }, effect });
    const written = write(stamp, [addBen]);
    if (effect.do === 'delay') {
      await expect.poll(() => simulator.findStanzas({ type: 'set', category: 'last' }).length).toBe(1);
      phone.exceptContacts('last', [BEN]);
    }
    expect(await written).toMatchObject({ value: 'error', code: '409' });
    expect(members()).toEqual([BEN]);
  });

  test('and a look-up of contacts can hold an error', async () => {
    const effect = { do: 'refuse_category', code: 503, text: 'no' } as const;
    const error = { tag: 'error', attrs: { code: '503', text: 'no' } };
    simulator.inject({ match: { on: 'list_get' }, effect });
    const list = { tag: 'list', attrs: { name: 'last', value: 'contact_blacklist' } };
    const told: BinaryNode = await sock.query(privacyIq('get', inForm('lid', list)), 20_000);
    expect(getBinaryNodeChild(told, 'privacy')?.content).toEqual([
      { tag: 'list', attrs: {}, content: [error] },
    ]);
    simulator.inject({ match: { on: 'iq', xmlns: 'usync' }, effect });
    const query = new USyncQuery().withContactProtocol().withUser(new USyncUser().withPhone(`+${BEN}`));
    const answered = new Promise<BinaryNode>(resolve => {
      sock.ws.on('CB:iq,type:result', iq => getBinaryNodeChild(iq, 'usync') && resolve(iq));
    });
    void sock.executeUSyncQuery(query).catch(() => undefined);
    const result = getBinaryNodeChild(getBinaryNodeChild(await answered, 'usync'), 'result');
    expect(getBinaryNodeChild(result, 'contact')?.content).toEqual([error]);
  });

  test('changes by what is sent, with the value, and has another stamp then', async () => {
    const { stamp } = phone.contactList('last');
    const told = await write(stamp, [addBen, { action: 'remove', jid: '71@lid' }]);
    expect(members()).toEqual([BEN]);
    expect(Number(told.stamp)).toBeGreaterThan(Number(stamp));
    expect(await read()).toMatchObject({ dhash: told.stamp });
    expect(simulator.sets(phone.phoneNumber)).toMatchObject([
      { category: 'last', value: 'contact_blacklist' },
    ]);
  });

  test('is pushed when the phone changes it', async () => {
    const pushed = received(sock, 'CB:notification,type:account_sync,privacy');
    phone.exceptContacts('status', [BEN, '15550100103']);
    await pushed;
    expect(await getPrivacy(sock)).toMatchObject({ status: 'contact_blacklist' });
    expect((await read('lid', 'status')).users).toHaveLength(2);
  });

  test('is refused with a stale stamp, in either shape, and stays', async () => {
    expect(await write('none', [addBen])).toMatchObject({ value: 'error', code: '409' });
    expect(await write(undefined, [addBen])).toMatchObject({ value: 'error', code: '409' });
    simulator.behaviour.staleList = 'refuse';
    await expect(write('1', [addBen])).rejects.toMatchObject({ data: 409 });
    expect(members()).toEqual([ANNA]);
  });

  test('is refused with a contact nobody knows, or without that contact', async () => {
    const { stamp } = phone.contactList('last');
    const stranger = { action: 'add', jid: '99@lid', pn_jid: '15550100199@s.whatsapp.net' };
    expect(await write(stamp, [stranger, addBen])).toMatchObject({ value: 'error', code: '400' });
    simulator.behaviour.unknownContact = 'refuse';
    await expect(write(stamp, [stranger, addBen])).rejects.toMatchObject({ data: 400 });
    expect(members()).toEqual([ANNA]);
    simulator.behaviour.unknownContact = 'ignore';
    await write(stamp, [stranger, addBen]);
    expect(members()).toEqual([ANNA, BEN]);
  });

  test.each([
    ['an online', 'online', 'contact_blacklist'],
    ['another value', 'last', 'none'],
  ])('is refused for %s', async (_, name, value) => {
    await expect(write('none', [addBen], { name, value })).rejects.toMatchObject({ data: 400 });
  });

  test('is locked by Strict Account Settings', async () => {
    const { stamp } = phone.contactList('last');
    phone.setPrivacy('defense', 'on_standard');
    expect(await write(stamp, [addBen])).toMatchObject({ value: 'error', code: '403' });
  });
});

test('a fault can be for the reads of one list, and is not met by the settings', async () => {
  simulator.inject({ match: { on: 'list_get', category: 'last' }, effect: { do: 'refuse', code: 503 } });
  simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'refuse', code: 501 }, times: Infinity });
  await read('lid', 'status');
  await expect(read()).rejects.toMatchObject({ data: 503 });
  await expect(getPrivacy(sock)).rejects.toMatchObject({ data: 501 });
});

test('the phone can be made to change something between a question and the next', async () => {
  const stamp = phone.contactList('last').stamp;
  simulator.inject({
    match: { on: 'list_get', category: 'last' },
    effect: {
      do: 'phone',
      settings: { online: 'match_last_seen' },
      contacts: { last: [BEN] },
      moment: 'after_reply',
    },
  });
  expect(await read()).toMatchObject({ dhash: stamp });
  expect(members()).toEqual([BEN]);
  expect(phone.settings()).toMatchObject({ online: 'match_last_seen' });
  expect(await write(stamp, [addBen])).toMatchObject({ code: '409' });
});

describe('the form', () => {
  test('of a migrated account is by LID only', async () => {
    await expect(read('pn')).rejects.toMatchObject({ data: 400 });
    const { stamp } = phone.contactList('last');
    const byPn = { action: 'add', jid: `${BEN}@s.whatsapp.net` };
    await expect(write(stamp, [byPn], { form: 'pn' })).rejects.toMatchObject({ data: 400 });
  });

  test('of any other account is by phone number only', async () => {
    phone.setAddressing('pn');
    await expect(read()).rejects.toMatchObject({ data: 400 });
    expect(await read('pn')).toMatchObject({ form: undefined, users: [{ jid: `${ANNA}@s.whatsapp.net` }] });
    const { stamp } = phone.contactList('last');
    await write(stamp, [{ action: 'add', jid: `${BEN}@s.whatsapp.net` }], { form: 'pn' });
    expect(members()).toEqual([ANNA, BEN]);
  });

  test('of the reply is what the server is made to show', async () => {
    const shapes = [];
    for (const shape of [
      'pn',
      'without_lid',
      'without_pn',
      'without_stamp',
      'stamp_none',
      'twice',
    ] as const) {
      simulator.behaviour.listReply = shape;
      const { form = '–', dhash = '–', users } = await read();
      shapes.push([shape, form, dhash === phone.contactList('last').stamp ? 'stamp' : dhash, users]);
    }
    const [jid, pn] = ['71@lid', `${ANNA}@s.whatsapp.net`];
    expect(shapes).toEqual([
      ['pn', '–', 'stamp', [{ jid: pn }]],
      ['without_lid', 'lid', 'stamp', [{ pn_jid: pn }]],
      ['without_pn', 'lid', 'stamp', [{ jid }]],
      ['without_stamp', 'lid', '–', [{ jid, pn_jid: pn }]],
      ['stamp_none', 'lid', 'none', [{ jid, pn_jid: pn }]],
      [
        'twice',
        'lid',
        'stamp',
        [
          { jid, pn_jid: pn },
          { jid, pn_jid: pn },
        ],
      ],
    ]);
  });
});

test('people without a simulated phone are found by their number, some without a LID', async () => {
  simulator.addPerson({ phoneNumber: '15550100104', lid: null });
  const query = new USyncQuery().withContactProtocol().withLIDProtocol();
  for (const number of [ANNA, '15550100104', '15550100199'])
    query.withUser(new USyncUser().withPhone(`+${number}`));
  expect((await sock.executeUSyncQuery(query))?.list).toEqual([
    { id: `${ANNA}@s.whatsapp.net`, contact: true, lid: '71@lid' },
    { id: '15550100104@s.whatsapp.net', contact: true },
    { id: '15550100199@s.whatsapp.net', contact: false },
  ]);
});

test('a list of 64,000 is read whole, and is the longest', async () => {
  const numbers = Array.from({ length: 64_000 }, (_, index) => `1666${1_000_000 + index}`);
  phone.exceptContacts('profile', numbers);
  const { users, dhash } = await read('lid', 'profile');
  expect(users).toHaveLength(64_000);
  await expect(write(dhash, [addBen], { name: 'profile' })).rejects.toMatchObject({ data: 419 });
});
