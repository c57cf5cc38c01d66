import { beforeEach, describe, expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Phone } from '../../src/simulator/index.js';
import { storedSecrets, viewIn } from '../support/desk.js';
import { link } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

const NAME = 'desk';
/** WhatsApp's request to restart, with which a link is complete, is on its way for so long. */
const LATENCY_MS = 800;

let service: Service;
let phone: Phone;
beforeEach(async () => {
  service = await startService();
  phone = service.simulator.addPhone({ phoneNumber: '15550101001' });
  await service.client.call(Instances.createInstance, { name: NAME });
  return () => service[Symbol.asyncDispose]();
});

/** Links until the phone lists the device; the restart is on its way then. `ended` tells how the stream ends. */
async function agreed() {
  Object.assign(service.simulator.behaviour, { latencyMs: LATENCY_MS, refresh: 'never' });
  const leave = new AbortController();
  const scanned = Promise.withResolvers<void>();
  const follow = async () => {
    const request = { instance: NAME, method: { $case: 'qr', value: {} } } as const;
    for await (const { event } of service.client.stream(Instances.linkInstance, request, leave))
      if (event?.$case === 'qrCode')
        void phone.scan(event.value.payload).then(({ linked }) => linked && scanned.resolve());
  };
  const ended = follow().then(
    () => 'linked',
    (error: { reason?: string }) => error.reason ?? 'left',
  );
  await scanned.promise;
  expect(phone.devices()).toHaveLength(1);
  return { ended, leave };
}
/** What is on its way stays late; what follows is not. */
const noLatency = () => Object.assign(service.simulator.behaviour, { latencyMs: 0 });

const linkedDevices = () => service.simulator.phones().flatMap(one => one.devices());

describe('a link that completes', () => {
  test('while the instance is unlinked is undone, at WhatsApp too', async () => {
    const { ended } = await agreed();
    const unlinked = service.client.call(Instances.unlinkInstance, { instance: NAME });
    noLatency();
    expect((await unlinked).instance).toMatchObject({
      state: InstanceState.UNLINKED,
      maskedPhoneNumber: '',
      linkTime: undefined,
    });
    expect(['linked', 'LINK_TIMED_OUT']).toContain(await ended);
    expect(linkedDevices()).toEqual([]);
    expect(storedSecrets(service).credentials).toEqual([]);

    await service.stop();
    await service.start();
    await viewIn(service, { instance: NAME, phone }, 'UNLINKED');
    expect((await link(service.client, NAME, phone)).linked.state).toBe(InstanceState.CONNECTED);
  });

  test('while the instance is deleted is undone, and nothing of it dials', async () => {
    const { ended } = await agreed();
    const deleted = service.client.call(Instances.deleteInstance, { instance: NAME });
    noLatency();
    await deleted;
    expect(['linked', 'LINK_TIMED_OUT']).toContain(await ended);
    expect(linkedDevices()).toEqual([]);
    await expect.poll(() => service.simulator.connections()).toBe(0);

    const other = service.simulator.addPhone({ phoneNumber: '15550101002' });
    await service.client.call(Instances.createInstance, { name: NAME });
    await link(service.client, NAME, other);
    const logins = service.simulator.inject({
      match: { on: 'login', phoneNumber: other.phoneNumber },
      effect: { do: 'delay', ms: 0 },
      times: Infinity,
    });
    other.dropConnections('close');
    await expect.poll(() => logins.hits(), { timeout: 20_000 }).toBe(1);
    await viewIn(service, { instance: NAME, phone: other }, 'CONNECTED');
    await service.client.call(Privacy.getPrivacySettings, { instance: NAME });
    expect(logins.hits()).toBe(1);
    expect(service.simulator.connections()).toBe(1);
    expect(service.log.filter(line => line.includes('CONFLICT'))).toEqual([]);
  });

  test('as its caller leaves is kept, and the instance is connected', async () => {
    const { ended, leave } = await agreed();
    leave.abort();
    expect(await ended).toBe('left');
    noLatency();
    const { linkTime } = await viewIn(service, { instance: NAME, phone }, 'CONNECTED');
    expect(linkTime).toBeDefined();
    await service.client.call(Privacy.getPrivacySettings, { instance: NAME });
    expect(linkedDevices()).toMatchObject([{ connected: true }]);
  });
});
