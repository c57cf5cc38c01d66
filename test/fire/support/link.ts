import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Caller } from '../../support/call.js';
import { link, pairingCode } from '../../support/link.js';
import { INSTANCE } from './checks.js';
import { PHONE_NUMBER, type Scene } from './scene.js';

export const PAIRING_CODE = pairingCode(PHONE_NUMBER);

/** Makes the instance and links it. */
export async function createLinked({ phone }: Scene, client: Caller): Promise<void> {
  await client.call(Instances.createInstance, { name: INSTANCE });
  await link(client, INSTANCE, phone);
}
