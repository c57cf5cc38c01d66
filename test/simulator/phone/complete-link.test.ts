import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Phone, type Simulator, startSimulator } from '../../../src/simulator/index.js';
import {
  acks,
  closing,
  dial,
  linked,
  newClient,
  nextQr,
  opening,
  received,
  rotatedQr,
} from '../support/baileys.js';

let simulator: Simulator;
let phone: Phone;
beforeEach(async () => {
  simulator = await startSimulator({ behaviour: { preKeys: 'not_asked' } });
  phone = simulator.addPhone({ phoneNumber: '+15550100001', lid: '100000000000001' });
});
afterEach(() => simulator.stop());

const notLinked = (reason: string) => ({ linked: false, reason });

describe('a client that has no credentials', () => {
  test('links, is told to restart, and logs in as the device it became', async () => {
    simulator.behaviour.refresh = 'never';
    const client = newClient();
    const sock = dial(simulator, client);
    const closed = closing(sock);
    expect(await phone.scan(await nextQr(sock))).toEqual({ linked: true, device: 1 });
    expect(await closed).toBe(515);
    expect(client.creds.me).toMatchObject({
      id: '15550100001:1@s.whatsapp.net',
      lid: '100000000000001:1@lid',
    });
    const again = dial(simulator, client);
    await opening(again);
    expect(phone.devices()).toMatchObject([{ device: 1, connected: true }]);
  });

  test('is not linked by a QR that is none of its own', async () => {
    simulator.behaviour.refresh = 'never';
    const client = newClient();
    const [ref = '', noise = '', identity = '', adv = ''] = (await nextQr(dial(simulator, client))).split(
      ',',
    );
    const other = randomBytes(32).toString('base64');
    expect(await phone.scan('https://example.com')).toEqual(notLinked('not_a_whatsapp_qr'));
    expect(await phone.scan(['2@gone', noise, identity, adv].join(','))).toEqual(notLinked('unknown_ref'));
    expect(await phone.scan([ref, other, identity, adv].join(','))).toEqual(notLinked('wrong_keys'));
    expect(await phone.scan([ref, noise, other, adv].join(','))).toEqual(notLinked('wrong_keys'));
    expect(phone.devices()).toEqual([]);
  });

  test('cannot use its refs once its connection has ended', async () => {
    const sock = dial(simulator, newClient());
    const qr = await nextQr(sock);
    await sock.end(undefined);
    await expect.poll(() => phone.scan(qr)).toEqual(notLinked('unknown_ref'));
  });

  test('is one of at most four', async () => {
    simulator.behaviour.refresh = 'never';
    for (const device of [1, 2, 3, 4]) {
      expect(await phone.scan(await nextQr(dial(simulator, newClient())))).toEqual({ linked: true, device });
    }
    const qr = await nextQr(dial(simulator, newClient()));
    expect(await phone.scan(qr)).toEqual(notLinked('too_many_devices'));
    phone.removeDevice(2);
    expect(await phone.scan(qr)).toEqual({ linked: true, device: 5 });
  });

  test('refuses a pair-success that was sealed with another secret, and is not linked', async () => {
    simulator.behaviour.refresh = 'never';
    simulator.behaviour.pairSuccess = 'wrong_hmac';
    const sock = dial(simulator, newClient());
    expect(await phone.scan(await nextQr(sock))).toEqual(notLinked('no_answer'));
    expect(phone.devices()).toEqual([]);
  });
});

describe('the retirement of the adv secret', () => {
  test('comes with the first scan, and a client that ignores it never links', async () => {
    simulator.behaviour.refreshAck = 'not_awaited';
    const sock = dial(simulator, newClient(), { qrTimeout: 300 });
    const first = await nextQr(sock);
    const second = nextQr(sock);
    const notification = received(sock, 'CB:notification,type:companion_reg_refresh');
    expect(await phone.scan(first)).toEqual(notLinked('retired'));
    await notification;
    expect(await phone.scan(await second)).toEqual(notLinked('retired'));
    expect(phone.devices()).toEqual([]);
  });

  test('stays in the way until it is acked', async () => {
    const client = newClient();
    const sock = dial(simulator, client);
    const qr = (await nextQr(sock)).split(',');
    await phone.scan(qr.join(','));
    client.creds.advSecretKey = randomBytes(32).toString('base64');
    qr[3] = client.creds.advSecretKey;
    expect(await phone.scan(qr.join(','))).toEqual(notLinked('retired'));
    simulator.behaviour.refreshAck = 'not_awaited';
    expect(await phone.scan(qr.join(','))).toEqual({ linked: true, device: 1 });
  });

  test.each(['companion_reg_refresh', 'pair-device-rotate-qr'] as const)(
    'by %s lets the same ref link with a new secret, and never again with the old one',
    async refreshChild => {
      simulator.behaviour.refreshChild = refreshChild;
      const client = newClient();
      const sock = dial(simulator, client);
      const qr = await nextQr(sock);
      const rotated = rotatedQr(sock, client, qr);
      const notification = received(sock, 'CB:notification');
      expect(await phone.scan(qr)).toEqual(notLinked('retired'));
      expect((await notification).content).toMatchObject([{ tag: refreshChild }]);
      const fresh = await rotated;
      await acks(simulator, 'companion_reg_refresh', 1);
      expect(await phone.scan(qr)).toEqual(notLinked('retired'));
      expect(await phone.scan(fresh)).toEqual({ linked: true, device: 1 });
    },
  );

  test('comes unasked where it is to come on connect, and again on demand', async () => {
    simulator.behaviour.refresh = 'on_connect';
    const client = newClient();
    const sock = dial(simulator, client);
    const notification = received(sock, 'CB:notification,type:companion_reg_refresh');
    const qr = await nextQr(sock);
    const rotated = rotatedQr(sock, client, qr);
    await notification;
    const first = await rotated;
    await acks(simulator, 'companion_reg_refresh', 1);
    const second = rotatedQr(sock, client, qr);
    expect(simulator.refreshLink()).toBe(1);
    expect(await phone.scan(first)).toEqual(notLinked('retired'));
    await second;
    await acks(simulator, 'companion_reg_refresh', 2);
    expect(await phone.scan(await second)).toEqual({ linked: true, device: 1 });
  });
});

test('two phones link clients of their own', async () => {
  const other = simulator.addPhone({ phoneNumber: '15550100002' });
  const one = await linked(simulator, phone);
  const two = await linked(simulator, other);
  expect(one.client.creds.me?.id).toBe('15550100001:1@s.whatsapp.net');
  expect(two.client.creds.me?.id).toBe('15550100002:1@s.whatsapp.net');
});
