import { describe, expect, test } from 'vitest';
import { Instance_State as InstanceState } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { type Desk, storedSecrets, viewOnce } from '../support/desk.js';
import { type Service, startService } from '../support/service.js';

const backingOff = (service: Service, desk: Desk) =>
  viewOnce(service, desk, ({ nextAttemptTime }) => nextAttemptTime !== undefined);

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
