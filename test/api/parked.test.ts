import { status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
  Instance_ConnectionMode as Mode,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Origin,
  PrivacyServiceService as Privacy,
  PrivacyChange_Kind,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility, PrivacySetting } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { type Desk, PATIENCE, view, viewIn } from '../support/desk.js';
import { link } from '../support/link.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';
import { watch } from '../support/watch.js';

const ON_DEMAND = { WA_PRIVACY_CONNECTION_MODE: 'on_demand', WA_PRIVACY_IDLE_SECONDS: '1' };
const DAY_MS = 86_400_000;

/** A linked instance that nobody needs, so that it is parked. */
async function parkedDesk(service: Service): Promise<Desk> {
  const desk = await service.linked();
  await viewIn(service, desk, 'PARKED');
  await vi.waitFor(() => expect(service.simulator.connections()).toBe(0), PATIENCE);
  takePrivacyStanzas(service);
  return desk;
}

const logins = ({ simulator }: Service) => simulator.findStanzas({ tag: 'iq', xmlns: 'passive' }).length;
const setMode = ({ client }: Service, { instance: name }: Desk, connectionMode: Mode) =>
  client.call(Instances.updateInstance, { instance: name, connectionMode });
const get = ({ client }: Service, { instance }: Desk) =>
  client.call(Privacy.getPrivacySettings, { instance });

describe('an instance on demand', () => {
  test('is parked when nobody needs it, and says when it is connected all the same', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const desk = await parkedDesk(service);
    const { nextAttemptTime, lastConnectTime } = await view(service, desk);
    const waitMs = Number(nextAttemptTime) - Number(lastConnectTime);
    expect(waitMs).toBeGreaterThan(6 * DAY_MS);
    expect(waitMs).toBeLessThanOrEqual(7 * DAY_MS + 60_000);
    expect(desk.phone.devices()).toHaveLength(1);
  });

  test('costs a read one connect and one IQ, also with max_age, and says when WhatsApp answered', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const desk = await parkedDesk(service);
    const asked = Date.now();
    const { settings } = await service.client.call(Privacy.getPrivacySettings, {
      instance: desk.instance,
      maxAge: { seconds: 3600n, nanos: 0 },
    });
    expect(settings?.observeTime?.getTime()).toBeGreaterThanOrEqual(asked);
    expect(logins(service)).toBe(1);
    expect(takePrivacyStanzas(service)).toEqual(['get']);
    await viewIn(service, desk, 'PARKED');
  });

  test('is updated, described, and read with others', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const [desk, other] = [await parkedDesk(service), await parkedDesk(service)];
    await service.client.call(Privacy.updatePrivacySettings, {
      instance: desk.instance,
      visibility: { lastSeen: LastSeenVisibility.NONE },
    });
    expect(desk.phone.settings()).toMatchObject({ last: 'none' });
    const { entries } = await service.client.call(Privacy.listPrivacySettings, {});
    expect(entries.map(({ instance, result }) => [instance, result?.$case])).toEqual([
      [desk.instance, 'settings'],
      [other.instance, 'settings'],
    ]);
    await viewIn(service, other, 'PARKED');
    const { descriptions } = await service.client.call(Privacy.describePrivacySettings, {
      instance: other.instance,
    });
    expect(descriptions.length).toBeGreaterThan(5);
  });

  test('shows what the phone changed meanwhile once it is connected again', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const desk = await parkedDesk(service);
    desk.phone.setPrivacy('last', 'none');
    expect((await get(service, desk)).settings?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
    const kinds = [PrivacyChange_Kind.SETTING_CHANGED];
    const { instance } = desk;
    const { changes } = await service.client.call(Privacy.listPrivacyChanges, { instance, kinds });
    expect(changes).toMatchObject([
      { setting: PrivacySetting.LAST_SEEN, origin: Origin.OTHER_DEVICE, newValue: 'none' },
    ]);
  });

  test('stays connected while it is watched, and no longer', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const desk = await parkedDesk(service);
    const watching = watch(service.client, { instances: [desk.instance] });
    await vi.waitFor(() => expect(watching.heard()).toContain(`${desk.instance} snapshot`), PATIENCE);
    await new Promise(resolve => setTimeout(resolve, 2500));
    expect(await view(service, desk)).toMatchObject({ state: InstanceState.CONNECTED });
    desk.phone.setPrivacy('last', 'none');
    await vi.waitFor(
      () => expect(watching.heard()).toContain(`${desk.instance} OTHER_DEVICE LAST_SEEN`),
      PATIENCE,
    );
    watching.leave();
    await viewIn(service, desk, 'PARKED');
  });

  test('is watched by who watches all, also when it comes later', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const watching = watch(service.client, {});
    const desk = await service.linked();
    await vi.waitFor(() => expect(watching.heard()).toContain(`${desk.instance} snapshot`), PATIENCE);
    await new Promise(resolve => setTimeout(resolve, 2500));
    expect(await view(service, desk)).toMatchObject({ state: InstanceState.CONNECTED });
    watching.leave();
    await viewIn(service, desk, 'PARKED');
  });

  test('is not dialled by a restart, and answers after it', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const desk = await parkedDesk(service);
    service.simulator.clearStanzas();
    await service.stop();
    await service.start();
    expect(await view(service, desk)).toMatchObject({ state: InstanceState.PARKED });
    expect(logins(service)).toBe(0);
    await get(service, desk);
    expect(logins(service)).toBe(1);
  });

  test('is unlinked and deleted at WhatsApp as well', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const [desk, other] = [await parkedDesk(service), await parkedDesk(service)];
    await service.client.call(Instances.unlinkInstance, { instance: desk.instance });
    const { etag } = await view(service, other);
    await service.client.call(Instances.deleteInstance, { instance: other.instance, etag });
    expect([desk.phone.devices(), other.phone.devices()]).toEqual([[], []]);
  });

  test('that the phone has removed says so at the next call', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const desk = await parkedDesk(service);
    for (const { device } of desk.phone.devices()) desk.phone.removeDevice(device);
    const failure = await failureOf(get(service, desk));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'INSTANCE_LOGGED_OUT' });
    await viewIn(service, desk, 'LOGGED_OUT');
  });

  test('gives way when too many are connected between calls', async () => {
    await using service = await startService({
      env: { ...ON_DEMAND, WA_PRIVACY_IDLE_SECONDS: '3600', WA_PRIVACY_IDLE_CONNECTIONS: '1' },
    });
    const [first, second] = [await service.linked(), await service.linked()];
    await viewIn(service, first, 'PARKED');
    expect(await view(service, second)).toMatchObject({ state: InstanceState.CONNECTED });
    await get(service, first);
    await viewIn(service, second, 'PARKED');
    await vi.waitFor(() => expect(service.simulator.connections()).toBe(1), PATIENCE);
  });

  test('that was read from memory gives way last', async () => {
    await using service = await startService({
      env: { ...ON_DEMAND, WA_PRIVACY_IDLE_SECONDS: '3600', WA_PRIVACY_IDLE_CONNECTIONS: '2' },
    });
    const [first, second] = [await service.linked(), await service.linked()];
    for (const each of [first, second]) await get(service, each);
    takePrivacyStanzas(service);
    const maxAge = { seconds: 3600n, nanos: 0 };
    await service.client.call(Privacy.getPrivacySettings, { instance: first.instance, maxAge });
    expect(takePrivacyStanzas(service)).toEqual([]);
    await service.linked();
    await viewIn(service, second, 'PARKED');
    expect(await view(service, first)).toMatchObject({ state: InstanceState.CONNECTED });
  });
});

describe('the mode of one instance', () => {
  test('holds against the service, from now on and after a restart, until it is taken back', async () => {
    await using service = await startService({ env: { WA_PRIVACY_IDLE_SECONDS: '1' } });
    const desk = await service.linked();
    await viewIn(service, desk, 'CONNECTED');
    await setMode(service, desk, Mode.ON_DEMAND);
    await viewIn(service, desk, 'PARKED');
    await service.stop();
    await service.start();
    expect(await view(service, desk)).toMatchObject({
      state: InstanceState.PARKED,
      connectionMode: Mode.ON_DEMAND,
    });
    await setMode(service, desk, Mode.UNSPECIFIED);
    expect(await viewIn(service, desk, 'CONNECTED')).toMatchObject({ connectionMode: Mode.UNSPECIFIED });
  });

  test('can be given when the instance is made', async () => {
    await using service = await startService({ env: ON_DEMAND });
    const phone = service.simulator.addPhone({ phoneNumber: '15550109999' });
    const made = await service.client.call(Instances.createInstance, {
      name: 'front',
      connectionMode: Mode.ALWAYS,
    });
    expect(made.instance).toMatchObject({ connectionMode: Mode.ALWAYS });
    await link(service.client, 'front', phone);
    await new Promise(resolve => setTimeout(resolve, 2500));
    expect(await view(service, { instance: 'front', phone })).toMatchObject({
      state: InstanceState.CONNECTED,
    });
  });
});

test('an update of an instance changes what it holds, and refuses what is wrong with it', async () => {
  await using service = await startService();
  const { client } = service;
  await client.call(Instances.createInstance, { name: 'desk', displayName: 'Desk' });
  const renamed = await client.call(Instances.updateInstance, {
    instance: 'desk',
    displayName: 'Front desk',
  });
  expect(renamed.instance).toMatchObject({ displayName: 'Front desk', connectionMode: Mode.UNSPECIFIED });
  const moded = await client.call(Instances.updateInstance, {
    instance: 'desk',
    connectionMode: Mode.ON_DEMAND,
  });
  expect(moded.instance).toMatchObject({ displayName: 'Front desk', connectionMode: Mode.ON_DEMAND });

  const wrong = [
    { instance: 'desk' },
    { instance: 'desk', connectionMode: 9 as Mode },
    { instance: 'desk', displayName: '\t' },
  ];
  for (const request of wrong)
    expect(await failureOf(client.call(Instances.updateInstance, request))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'INVALID_REQUEST',
    });
  const absent = { instance: 'nobody', displayName: '' };
  expect(await failureOf(client.call(Instances.updateInstance, absent))).toMatchObject({
    reason: 'INSTANCE_NOT_FOUND',
  });
});
