import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { failureOf } from '../support/call.js';
import { link, pairingCode, QR } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let count = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

/** An instance, and a phone that links only with a passkey. */
async function desk() {
  const name = `passkey-${++count}`;
  await service.client.call(Instances.createInstance, { name });
  return {
    name,
    phone: service.simulator.addPhone({ phoneNumber: `1555040${1000 + count}`, passkey: true }),
  };
}
const stateOf = async (name: string) =>
  (await service.client.call(Instances.getInstance, { name })).instance?.state;

describe('an account that WhatsApp links only with its passkey', () => {
  test.each(['qr', 'code'])('ends an attempt by %s at once when its caller cannot answer', async how => {
    const { name, phone } = await desk();
    const method = how === 'qr' ? QR : pairingCode(phone.phoneNumber);
    expect(await failureOf(link(service.client, name, phone, method))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'PASSKEY_REQUIRED',
    });
    expect(await stateOf(name)).toBe(InstanceState.UNLINKED);
    expect(phone.devices()).toEqual([]);
  });
});
