import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { type Desk, view, viewIn, viewOnce } from '../support/desk.js';
import { pairingCode } from '../support/link.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

const DAY_MS = 86_400_000;

// Timers go on as they do on a machine whose time of day is set.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true }));
afterEach(() => void vi.useRealTimers());
const setBy = (days: number) => vi.setSystemTime(Date.now() + days * DAY_MS);

const read = ({ client }: Service, { instance }: Desk, maxAgeS = 0) =>
  client.call(Privacy.getPrivacySettings, { instance, maxAge: { seconds: BigInt(maxAgeS), nanos: 0 } });
const hide = ({ client }: Service, { instance }: Desk) =>
  client.call(Privacy.updatePrivacySettings, { instance, visibility: { lastSeen: LastSeenVisibility.NONE } });

describe.each([
  ['forward a day', 1],
  ['back a day', -1],
])('a wall clock that is set %s', (_, days) => {
  test('while an update waits for WhatsApp leaves it the time it had', async () => {
    await using service = await startService();
    const desk = await service.linked();
    service.simulator.inject({ match: { on: 'privacy_set' }, effect: { do: 'delay', ms: 1500 } });
    const answer = hide(service, desk);
    await expect.poll(() => service.simulator.findStanzas({ xmlns: 'privacy', type: 'set' })).toHaveLength(1);
    setBy(days);
    expect((await answer).outcomes).toMatchObject([{ requestedValue: 'none' }]);
    expect(desk.phone.settings()['last']).toBe('none');
  });

  test('leaves settings as old as they are', async () => {
    await using service = await startService();
    const desk = await service.linked();
    await read(service, desk);
    takePrivacyStanzas(service);
    setBy(days);
    await read(service, desk, 3600);
    expect(takePrivacyStanzas(service)).toEqual([]);
    await read(service, desk);
    expect(takePrivacyStanzas(service)).toEqual(['get']);
  });

  test('neither prolongs a back-off nor ends it', async () => {
    await using service = await startService();
    const desk = await service.linked();
    service.simulator.inject({ match: { on: 'login' }, effect: { do: 'failure', reason: 503 }, times: 3 });
    desk.phone.dropConnections('close');
    await viewOnce(service, desk, ({ stateReason }) => stateReason !== '');
    setBy(days);
    await viewIn(service, desk, 'CONNECTED');
  });

  test('neither prolongs a ban that is waited out nor ends it', async () => {
    await using service = await startService();
    const desk = await service.linked();
    service.simulator.inject({ match: { on: 'login' }, effect: { do: 'failure', reason: 402, expire: 3 } });
    desk.phone.dropConnections('close');
    await viewIn(service, desk, 'SUSPENDED');
    const suspendedAt = performance.now();
    setBy(days);
    await viewIn(service, desk, 'CONNECTED');
    expect(performance.now() - suspendedAt).toBeGreaterThan(2000);
  });

  test('does not end the wait for a pairing code', async () => {
    await using service = await startService();
    const phone = service.simulator.addPhone({ phoneNumber: '15550100001' });
    await service.client.call(Instances.createInstance, { name: 'desk' });
    const method = pairingCode(phone.phoneNumber);
    for await (const { event } of service.client.stream(Instances.linkInstance, {
      instance: 'desk',
      method,
    })) {
      if (event?.$case !== 'pairingCode') continue;
      setBy(days);
      expect(await phone.enterCode(event.value.code)).toMatchObject({ linked: true });
    }
    expect((await view(service, { instance: 'desk', phone })).state).toBe(InstanceState.CONNECTED);
  });

  test('leaves a parked instance parked until somebody needs it', async () => {
    await using service = await startService({
      env: { WA_PRIVACY_CONNECTION_MODE: 'on_demand', WA_PRIVACY_IDLE_SECONDS: '1' },
    });
    const desk = await service.linked();
    const { nextAttemptTime } = await viewIn(service, desk, 'PARKED');
    setBy(days);
    expect(await view(service, desk)).toMatchObject({ state: InstanceState.PARKED, nextAttemptTime });
    await read(service, desk);
    await viewIn(service, desk, 'PARKED');
    // Also one that was parked by another process.
    await service.stop();
    setBy(-2 * days);
    await service.start();
    const parked = await view(service, desk);
    expect(InstanceState[parked.state]).toBe('PARKED');
    expect(Number(parked.nextAttemptTime) - Date.now()).toBeLessThanOrEqual(7 * DAY_MS);
  });

  test('between link and login does not make the link one that never worked', async () => {
    await using service = await startService();
    const desk = await service.linked();
    await service.stop();
    setBy(days);
    await service.start();
    await viewIn(service, desk, 'CONNECTED');
    const { linkTime, lastConnectTime } = await view(service, desk);
    expect(Number(lastConnectTime)).toBeGreaterThanOrEqual(Number(linkTime));
    for (const { device } of desk.phone.devices()) desk.phone.removeDevice(device);
    await viewIn(service, desk, 'LOGGED_OUT');
  });
});
