import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
  Instance_Presence as Presence,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type Desk, PATIENCE, view, viewIn, viewOnce } from '../support/desk.js';
import { type Service, startService } from '../support/service.js';

const DAY_MS = 86_400_000;
afterEach(() => void vi.useRealTimers());

const presences = ({ simulator }: Service, desk: Desk) =>
  simulator.findStanzas({ tag: 'presence', phoneNumber: desk.phone.phoneNumber }).map(({ node }) => node);
const logins = ({ simulator }: Service) => simulator.findStanzas({ tag: 'iq', xmlns: 'passive' }).length;

async function loginAgain(service: Service, desk: Desk) {
  const before = logins(service);
  desk.phone.dropConnections('close');
  await expect.poll(() => logins(service), PATIENCE).toBeGreaterThan(before);
  await viewIn(service, desk, 'CONNECTED');
}

test('an instance says nothing of being available by default', async () => {
  await using service = await startService();
  const desk = await service.linked();
  await loginAgain(service, desk);
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  expect(presences(service, desk)).toEqual([]);
  expect(await view(service, desk)).toMatchObject({
    presence: Presence.UNSPECIFIED,
    lastPresenceTime: undefined,
  });
});

test('one that is to says after each login that it is unavailable: that, and nothing else', async () => {
  await using service = await startService({ env: { WA_PRIVACY_PRESENCE: 'unavailable' } });
  const desk = await service.linked({ name: 'Support' });
  await expect.poll(() => presences(service, desk), PATIENCE).toHaveLength(1);
  await loginAgain(service, desk);
  await expect.poll(() => presences(service, desk), PATIENCE).toHaveLength(2);
  expect(presences(service, desk)).toEqual(
    Array.from({ length: 2 }, () => ({ tag: 'presence', attrs: { type: 'unavailable' } })),
  );
  expect(desk.phone.devices()).toMatchObject([{ isAvailable: false }]);
  const { lastPresenceTime } = await viewOnce(
    service,
    desk,
    instance => instance.lastPresenceTime !== undefined,
  );
  await service.stop();
  await service.start();
  await viewIn(service, desk, 'CONNECTED');
  expect(Number((await view(service, desk)).lastPresenceTime)).toBeGreaterThanOrEqual(
    Number(lastPresenceTime),
  );
});

test('its own presence goes before that of the service, from the next moment on', async () => {
  await using service = await startService();
  const desk = await service.linked();
  const setPresence = (presence: Presence) =>
    service.client.call(Instances.updateInstance, { instance: desk.instance, presence });
  await setPresence(Presence.UNAVAILABLE);
  await expect.poll(() => presences(service, desk), PATIENCE).toHaveLength(1);
  const { instance } = await setPresence(Presence.NONE);
  expect(instance?.presence).toBe(Presence.NONE);
  await loginAgain(service, desk);
  expect(presences(service, desk)).toHaveLength(1);
  const made = await service.client.call(Instances.createInstance, {
    name: 'other',
    presence: Presence.PULSE,
  });
  expect(made.instance?.presence).toBe(Presence.PULSE);
});

describe('a pulse', () => {
  test('shows the account online for some seconds once it is due, and never by itself before', async () => {
    await using service = await startService({ env: { WA_PRIVACY_PRESENCE: 'pulse' } });
    const desk = await service.linked({ name: 'Support' });
    expect(presences(service, desk)).toEqual([]);
    vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true });
    vi.setSystemTime(Date.now() + 7 * DAY_MS);
    await loginAgain(service, desk);
    await expect.poll(() => desk.phone.devices()[0]?.isAvailable, PATIENCE).toBe(true);
    await expect.poll(() => desk.phone.devices()[0]?.isAvailable, PATIENCE).toBe(false);
    expect(presences(service, desk).map(({ attrs }) => attrs)).toEqual([
      { type: 'available' },
      { type: 'unavailable' },
    ]);
    const { lastPresenceTime } = await viewOnce(
      service,
      desk,
      instance => instance.lastPresenceTime !== undefined,
    );
    expect(Date.now() - Number(lastPresenceTime)).toBeLessThan(DAY_MS);
    await expect.poll(() => service.log.join('')).toContain('presence_told');
  });
});

describe('WhatsApp counts a device as inactive', () => {
  test.each([
    ['connection', 'none', 'CONNECTED'],
    ['unavailable', 'none', 'LOGGED_OUT'],
    ['unavailable', 'unavailable', 'CONNECTED'],
    ['available', 'unavailable', 'LOGGED_OUT'],
  ] as const)(
    'unless there is a sign: %s counts, and with presence %s it is %s',
    async (activity, presence, state) => {
      await using service = await startService({
        simulator: { behaviour: { activity } },
        env: { WA_PRIVACY_PRESENCE: presence },
      });
      const desk = await service.linked();
      for (let month = 0; month < 2; month++) {
        service.simulator.passDays(20);
        if ((await view(service, desk)).state !== InstanceState.CONNECTED) break;
        if (desk.phone.devices().length === 1) await loginAgain(service, desk);
      }
      await viewIn(service, desk, state);
      expect(desk.phone.devices()).toHaveLength(state === 'CONNECTED' ? 1 : 0);
    },
  );

  test('and the log warns after twelve days, the instance tells the possible cause after fourteen', async () => {
    await using service = await startService();
    const desk = await service.linked();
    const overdue = () => service.log.filter(line => line.includes('presence_overdue'));
    const restart = async () => {
      await service.stop();
      await service.start();
      await viewIn(service, desk, 'CONNECTED');
    };
    vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true });
    vi.setSystemTime(Date.now() + 11.9 * DAY_MS);
    await restart();
    expect(overdue()).toEqual([]);
    vi.setSystemTime(Date.now() + 0.2 * DAY_MS);
    await restart();
    expect(overdue()).toHaveLength(1);
    expect(overdue()[0]).toContain('"days":12');
    vi.setSystemTime(Date.now() + 3 * DAY_MS);
    for (const { device } of desk.phone.devices()) desk.phone.removeDevice(device);
    const { stateReason } = await viewIn(service, desk, 'LOGGED_OUT');
    expect(stateReason).toContain('a possible cause: it had said nothing of being available for 15 days');
  });
});
