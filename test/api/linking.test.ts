import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Phone } from '../../src/simulator/index.js';
import { failureOf } from '../support/call.js';
import { link, QR } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let phone: Phone;
let phones = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(() => {
  Object.assign(service.simulator.behaviour, {
    refresh: 'on_first_scan',
    refreshChild: 'companion_reg_refresh',
    certificate: 'honest',
    pairSuccess: 'honest',
  });
  phone = service.simulator.addPhone({ phoneNumber: `1555020${String(++phones).padStart(4, '0')}` });
});

const create = async (name: string) => {
  await service.client.call(Instances.createInstance, { name });
  return name;
};
const stateOf = async (name: string) =>
  (await service.client.call(Instances.getInstance, { instance: name })).instance?.state;
/** Follows a link attempt until it ends, answering each QR. */
const attempt = async (name: string, onQr: (payload: string) => unknown) => {
  for await (const { event } of service.client.stream(Instances.linkInstance, { instance: name, method: QR }))
    if (event?.$case === 'qrCode') await onQr(event.value.payload);
};
const adv = (payload: string) => payload.split(',')[3];
const ref = (payload: string) => payload.split('#')[1]?.split(',')[0];

describe('linking by QR', () => {
  test.each(['companion_reg_refresh', 'pair-device-rotate-qr'] as const)(
    'shows a new secret with the same ref when WhatsApp retires the one shown (%s)',
    async child => {
      service.simulator.behaviour.refreshChild = child;
      const name = await create(`refresh-${child === 'companion_reg_refresh' ? 1 : 2}`);
      const { linked, shown } = await link(service.client, name, phone);
      expect(linked).toMatchObject({ name, state: InstanceState.CONNECTED });
      expect(linked.maskedPhoneNumber).toMatch(/^\+\*{7}\d{4}$/);
      expect(shown).toHaveLength(2);
      expect(ref(shown[0] as string)).toBe(ref(shown[1] as string));
      expect(adv(shown[0] as string)).not.toBe(adv(shown[1] as string));
      expect(phone.devices()).toHaveLength(1);
    },
  );

  test('survives a restart of the service without a new link', async () => {
    const name = await create('survivor');
    await link(service.client, name, phone);
    const before = phone.devices();
    await service.stop();
    await service.start();
    const { settings } = await service.client.call(Privacy.getPrivacySettings, { instance: name });
    expect(settings?.visibility?.lastSeen).toBeDefined();
    expect(phone.devices()).toEqual(before);
  });

  test('cancelled leaves the instance as it was and nothing on the phone', async () => {
    const name = await create('cancelled');
    for await (const { event } of service.client.stream(Instances.linkInstance, {
      instance: name,
      method: QR,
    })) {
      expect(event?.$case).toBe('qrCode');
      break;
    }
    await expect.poll(() => stateOf(name)).toBe(InstanceState.UNLINKED);
    expect(phone.devices()).toEqual([]);
    await link(service.client, name, phone);
  });

  test('is refused while another attempt runs, and once an account is linked', async () => {
    const name = await create('busy');
    const gone = new AbortController();
    const first = service.client.stream(
      Instances.linkInstance,
      { instance: name, method: QR },
      { signal: gone.signal },
    );
    await first.next();
    expect(await stateOf(name)).toBe(InstanceState.LINKING);
    expect(await failureOf(attempt(name, () => {}))).toMatchObject({
      code: status.ABORTED,
      reason: 'LINK_IN_PROGRESS',
    });
    gone.abort();
    await first.return(undefined);
    await expect.poll(() => stateOf(name)).toBe(InstanceState.UNLINKED);
    await link(service.client, name, phone);
    expect(await failureOf(attempt(name, () => {}))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'INSTANCE_ALREADY_LINKED',
    });
  });

  test('ends when the instance is unlinked or deleted meanwhile', async () => {
    const name = await create('interrupted');
    const interruptions = [
      () => service.client.call(Instances.unlinkInstance, { instance: name }),
      () => service.client.call(Instances.deleteInstance, { instance: name }),
    ];
    for (const interrupt of interruptions) {
      const attempts = service.client.stream(Instances.linkInstance, { instance: name, method: QR });
      await attempts.next();
      await interrupt();
      expect((await failureOf(Array.fromAsync(attempts))).reason).toBe('LINK_TIMED_OUT');
    }
    expect((await failureOf(stateOf(name))).reason).toBe('INSTANCE_NOT_FOUND');
    expect(service.simulator.connections()).toBe(
      service.simulator.phones().flatMap(one => one.devices().filter(({ connected }) => connected)).length,
    );
  });

  test('ends with LINK_TIMED_OUT at the deadline of the caller', async () => {
    const name = await create('late');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const deadlineMs = 60_000;
    const attempts = service.client.stream(
      Instances.linkInstance,
      { instance: name, method: QR },
      { deadlineMs },
    );
    await attempts.next();
    vi.advanceTimersByTime(deadlineMs - 100); // Before grpc would say DEADLINE_TOO_SHORT, which knows nothing of links.
    const failure = await failureOf(Array.fromAsync(attempts));
    vi.useRealTimers();
    expect(failure.code).toBe(status.DEADLINE_EXCEEDED);
    expect(failure.reason).toBe('LINK_TIMED_OUT');
    await expect.poll(() => stateOf(name)).toBe(InstanceState.UNLINKED);
  });
});

describe('a WhatsApp that is not what it says', () => {
  test.each(['wrong_account_signature', 'wrong_hmac'] as const)(
    'is refused when pair-success is signed falsely (%s)',
    async pairSuccess => {
      service.simulator.behaviour.pairSuccess = pairSuccess;
      const name = await create(`false-${pairSuccess === 'wrong_hmac' ? 1 : 2}`);
      const failure = await failureOf(attempt(name, payload => void phone.scan(payload)));
      expect([status.FAILED_PRECONDITION, status.UNAVAILABLE]).toContain(failure.code);
      await expect.poll(() => stateOf(name)).toBe(InstanceState.UNLINKED);
      expect(phone.devices()).toEqual([]);
    },
  );

  test('is refused when another root signed its certificate', async () => {
    service.simulator.behaviour.certificate = 'other_root';
    const name = await create('other-root');
    const failure = await failureOf(attempt(name, () => {}));
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'WHATSAPP_UNCLEAR' });
    expect(service.simulator.stanzas.filter(({ phoneNumber }) => phoneNumber === phone.phoneNumber)).toEqual(
      [],
    );
  });
});

describe('a linked account', () => {
  test('never looks online and never tells that it read anything', async () => {
    const name = await create('quiet');
    service.simulator.clearStanzas();
    await link(service.client, name, phone);
    phone.dropConnections('close');
    await expect.poll(() => phone.devices()[0]?.connected).toBe(false);
    await service.client.call(Privacy.getPrivacySettings, { instance: name });
    const presences = service.simulator
      .findStanzas({ tag: 'presence' })
      .map(({ node }) => node.attrs['type']);
    expect(presences.filter(type => type !== 'unavailable')).toEqual([]);
    expect(service.simulator.findStanzas({ tag: 'receipt' })).toEqual([]);
  });

  test('that is unlinked here is gone from the phone, and can be linked again', async () => {
    const name = await create('unlinked');
    await link(service.client, name, phone);
    const { instance } = await service.client.call(Instances.unlinkInstance, { instance: name });
    expect(instance).toMatchObject({ state: InstanceState.UNLINKED, maskedPhoneNumber: '' });
    expect(phone.devices()).toEqual([]);
    await service.client.call(Instances.unlinkInstance, { instance: name });
    await link(service.client, name, phone);
  });

  test('that is removed on the phone is LOGGED_OUT, and stays so after a restart', async () => {
    const name = await create('removed');
    await link(service.client, name, phone);
    phone.removeDevice(phone.devices()[0]?.device ?? 0);
    await expect.poll(() => stateOf(name)).toBe(InstanceState.LOGGED_OUT);
    await service.stop();
    await service.start();
    expect(
      await failureOf(service.client.call(Privacy.getPrivacySettings, { instance: name })),
    ).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'INSTANCE_LOGGED_OUT',
    });
    await link(service.client, name, phone);
  });

  test('whose credentials are used elsewhere is in CONFLICT until ReconnectInstance', async () => {
    const name = await create('conflict');
    await link(service.client, name, phone);
    phone.streamError(undefined, 'replaced');
    await expect.poll(() => stateOf(name)).toBe(InstanceState.CONFLICT);
    expect(
      await failureOf(service.client.call(Privacy.getPrivacySettings, { instance: name })),
    ).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'INSTANCE_NOT_CONNECTED',
    });
    await service.client.call(Instances.reconnectInstance, { instance: name });
    await expect.poll(() => stateOf(name)).toBe(InstanceState.CONNECTED);
  });

  test('of a deleted instance is unlinked and forgotten', async () => {
    const name = await create('deleted');
    await link(service.client, name, phone);
    await service.client.call(Instances.deleteInstance, { instance: name });
    expect(phone.devices()).toEqual([]);
    expect(await failureOf(service.client.call(Instances.getInstance, { instance: name }))).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'INSTANCE_NOT_FOUND',
    });
  });
});

describe('an instance that was logged out', () => {
  test('does not take the phone of another number', async () => {
    const name = await create('other-account');
    await link(service.client, name, phone);
    phone.removeDevice(phone.devices()[0]?.device ?? 0);
    await expect.poll(() => stateOf(name)).toBe(InstanceState.LOGGED_OUT);
    const other = service.simulator.addPhone({ phoneNumber: '15550309999' });
    const failure = await failureOf(attempt(name, payload => void other.scan(payload)));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'LINK_OTHER_ACCOUNT' });
    expect(other.devices()).toEqual([]);
    expect(await stateOf(name)).toBe(InstanceState.LOGGED_OUT);
  });
});

describe('a link that WhatsApp does not know when it is first used', () => {
  test('is forgotten, and any phone can be linked', async () => {
    const name = await create('unknown');
    service.simulator.inject({ match: { on: 'login' }, effect: { do: 'failure', reason: 401 } });
    await expect(link(service.client, name, phone)).rejects.toThrow();
    const { instance } = await service.client.call(Instances.getInstance, { instance: name });
    expect(instance).toMatchObject({
      state: InstanceState.UNLINKED,
      stateReason: '',
      maskedPhoneNumber: '',
      linkTime: undefined,
    });
    const other = service.simulator.addPhone({ phoneNumber: `1555020${String(++phones).padStart(4, '0')}` });
    await link(service.client, name, other);
    await service.stop();
    await service.start();
    await expect.poll(() => stateOf(name)).toBe(InstanceState.CONNECTED);
  });
});
