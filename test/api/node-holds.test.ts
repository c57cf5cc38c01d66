import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { failureOf } from '../support/call.js';
import { type Desk, reconnect, storedSecrets, viewIn, viewOnce } from '../support/desk.js';
import { link } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

const backingOff = (service: Service, desk: Desk) =>
  viewOnce(service, desk, ({ nextAttemptTime }) => nextAttemptTime !== undefined);

describe('a node whose client WhatsApp calls outdated', () => {
  const OUTDATED = 'WhatsApp says that this client is outdated';

  test('dials for no instance, whoever asks, and shows why and until when', async () => {
    await using service = await startService();
    const [desk, other] = [await service.linked(), await service.linked()];
    const secrets = storedSecrets(service);
    const earliest = Date.now();
    service.simulator.inject({ match: { on: 'login' }, effect: { do: 'failure', reason: 405 } });
    desk.phone.streamError(515);
    const { stateReason, nextAttemptTime } = await backingOff(service, desk);
    expect(stateReason).toBe(OUTDATED);
    expect(Number(nextAttemptTime) - earliest).toBeGreaterThanOrEqual(300_000);
    expect(Number(nextAttemptTime) - Date.now()).toBeLessThanOrEqual(300_000);

    const dials = service.simulator.inject({
      match: { on: 'upgrade' },
      effect: { do: 'http', status: 503 },
      times: Infinity,
    });
    await viewIn(service, other, 'CONNECTED');
    other.phone.streamError(515);
    await backingOff(service, other);
    for (const each of [desk, other]) {
      await reconnect(service, each);
      expect(await backingOff(service, each)).toMatchObject({ stateReason: OUTDATED, nextAttemptTime });
    }
    expect(dials.hits()).toBe(0);
    expect(storedSecrets(service)).toEqual(secrets);
  });

  test('links nothing, says when it may, and leaves the instance as it was', async () => {
    await using service = await startService();
    const desk = await service.linked();
    desk.phone.streamError(405);
    await backingOff(service, desk);
    await service.client.call(Instances.createInstance, { name: 'new' });
    const phone = service.simulator.addPhone({ phoneNumber: '15550109999' });
    const failure = await failureOf(link(service.client, 'new', phone));
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'WHATSAPP_TIMEOUT' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toEqual({
      instance: 'new',
      whatsapp_code: '405',
    });
    expect(failure.details['google.rpc.RetryInfo']?.retryDelay?.seconds).toBeGreaterThan(200n);
    await viewIn(service, { instance: 'new', phone }, 'UNLINKED');
  });
});

describe('a node that WhatsApp limits', () => {
  test.concurrent.each([
    [
      'at the upgrade',
      'The server answered HTTP 429 in place of a WebSocket',
      (service: Service, desk: Desk) => {
        service.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status: 429 } });
        desk.phone.streamError(515);
      },
    ],
    [
      'in a session',
      'WhatsApp limits how often this service connects',
      (_: Service, desk: Desk) => desk.phone.streamError(429),
    ],
  ] as const)(
    '%s dials for no instance for some eight seconds, and then goes on',
    async (_, reason, limit) => {
      await using service = await startService();
      const [desk, other] = [await service.linked(), await service.linked()];
      const secrets = storedSecrets(service);
      const earliest = Date.now();
      limit(service, desk);
      const { stateReason, nextAttemptTime } = await backingOff(service, desk);
      expect(stateReason).toBe(reason);
      expect(Number(nextAttemptTime) - earliest).toBeGreaterThanOrEqual(0.9 * 8000);
      expect(Number(nextAttemptTime) - Date.now()).toBeLessThanOrEqual(1.1 * 8000);
      other.phone.streamError(515);
      for (const each of [desk, other]) {
        await viewOnce(service, each, ({ state, lastConnectTime }) => {
          return state === InstanceState.CONNECTED && Number(lastConnectTime) >= Number(nextAttemptTime);
        });
      }
      expect(storedSecrets(service).credentials).toEqual(secrets.credentials);
    },
  );
});
