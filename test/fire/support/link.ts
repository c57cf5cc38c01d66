import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Caller } from '../../support/call.js';
import { INSTANCE } from './checks.js';
import { PHONE_NUMBER, type Scene } from './scene.js';

export const QR = { $case: 'qr', value: {} } as const;
export const PAIRING_CODE = { $case: 'pairingCode', value: { phoneNumber: `+${PHONE_NUMBER}` } } as const;

/** Links as a person would; waits also for what the phone says. */
export async function link({ phone }: Scene, client: Caller, method: typeof QR | typeof PAIRING_CODE) {
  const attempts: Promise<unknown>[] = [];
  try {
    for await (const { event } of client.stream(Instances.linkInstance, { name: INSTANCE, method })) {
      if (event?.$case === 'qrCode') attempts.push(phone.scan(event.value.payload));
      if (event?.$case === 'pairingCode') attempts.push(phone.enterCode(event.value.code));
      if (event?.$case === 'linked') return event.value;
    }
    throw new Error('the stream ended before the instance was linked');
  } finally {
    await Promise.all(attempts);
  }
}

/** Makes the instance and links it. */
export async function createLinked(scene: Scene, client: Caller): Promise<void> {
  await client.call(Instances.createInstance, { name: INSTANCE });
  await link(scene, client, QR);
}
