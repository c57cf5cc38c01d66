import { afterAll, beforeAll, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
  desk = await service.linked({ name: 'Support' });
});
afterAll(() => service[Symbol.asyncDispose]());

const read = () => service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
const sent = (tag: string) => service.simulator.findStanzas({ tag }).map(({ node }) => node.attrs['type']);

const uploads = () => service.simulator.findStanzas({ xmlns: 'encrypt', type: 'set' }).length;

test('a thousand partial credential updates, reconnects and a change never make the account look online', async () => {
  // WhatsApp is out of keys: Baileys makes some, and says so in a `creds.update` without a name, at which it would
  // send a nameless presence.
  for (let index = 1; index <= 1000; index++) {
    const before = uploads();
    desk.phone.send({
      tag: 'notification',
      attrs: { type: 'encrypt', from: '@s.whatsapp.net', id: `low-${index}`, t: '1' },
      content: [{ tag: 'count', attrs: { value: '0' } }],
    });
    await expect.poll(uploads, { interval: 2 }).toBe(before + 1);
  }
  await read();
  for (let round = 0; round < 3; round++) {
    desk.phone.dropConnections('close');
    await expect.poll(() => desk.phone.devices()[0]?.connected).toBe(false);
    await service.client.call(Instances.reconnectInstance, { instance: desk.instance });
    await read();
  }
  await service.client.call(Privacy.updatePrivacySettings, {
    instance: desk.instance,
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  expect(sent('presence')).toEqual([]);
  expect(sent('receipt')).toEqual([]);
  expect(sent('chatstate')).toEqual([]);
  expect(sent('message')).toEqual([]);
});

test.each(['unavailable', 'pulse'])(
  'with presence %s nothing else is sent that says something of the account',
  async presence => {
    await using other = await startService({ env: { WA_PRIVACY_PRESENCE: presence } });
    const { instance, phone } = await other.linked({ name: 'Support' });
    const request = { instance, visibility: { lastSeen: LastSeenVisibility.NONE } };
    await other.client.call(Privacy.updatePrivacySettings, request);
    phone.dropConnections('close');
    await expect.poll(() => phone.devices()[0]?.connected).toBe(false);
    await other.client.call(Privacy.getPrivacySettings, { instance });
    const logins = () => other.simulator.findStanzas({ xmlns: 'passive' }).length;
    const presences = () => other.simulator.findStanzas({ tag: 'presence' }).map(({ node }) => node.attrs);
    await expect
      .poll(presences)
      .toEqual(presence === 'pulse' ? [] : Array.from({ length: logins() }, () => ({ type: 'unavailable' })));
    const tags = new Set(other.simulator.stanzas.map(({ node }) => node.tag));
    expect([...tags].filter(tag => !['iq', 'ack', 'ib', 'presence'].includes(tag))).toEqual([]);
  },
);
