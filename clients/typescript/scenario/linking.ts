import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import {
  CreateInstanceRequest,
  InstanceServiceService as Instances,
  LinkInstanceRequest,
  PrivacyServiceService as Privacy,
} from 'wa-privacy/client';
import type { Connection } from '../src/connect.ts';
import { check, mustFail } from './check.ts';
import type { Linked, Scene } from './scene.ts';

/** With its `requestId` the call could be repeated after a lost answer. */
export async function create(service: Connection, name: string): Promise<string> {
  const request = CreateInstanceRequest.fromPartial({ name, requestId: randomUUID() });
  const { secret } = await service.call(Instances.createInstance, request);
  check(secret.startsWith('wap_'), 'a new instance comes with the secret of its token');
  return secret;
}

export async function link(
  { service, phones }: Pick<Scene, 'service' | 'phones'>,
  instance: string,
  phoneNumber: string,
): Promise<Linked> {
  await phones.addPhone(phoneNumber);
  const secret = await create(service, instance);
  const request = LinkInstanceRequest.fromPartial({ instance, method: { $case: 'qr', value: {} } });
  let linkedWith = '';
  for await (const { event } of service.stream(Instances.linkInstance, request)) {
    // Draw each code as it comes; as a rule not the first one links.
    if (event?.$case === 'qrCode') await phones.scan(phoneNumber, event.value.payload);
    if (event?.$case === 'linked') linkedWith = event.value.maskedPhoneNumber;
  }
  check(linkedWith.endsWith(phoneNumber.slice(-4)), 'the phone is linked', linkedWith);
  return { instance, phoneNumber, secret };
}

export async function spare({ service }: Scene): Promise<void> {
  await create(service, 'spare');
  await mustFail(
    service.call(Privacy.getPrivacySettings, { instance: 'spare', maxAge: undefined }),
    status.FAILED_PRECONDITION,
    'INSTANCE_NOT_LINKED',
  );
  await mustFail(
    service.call(Instances.createInstance, CreateInstanceRequest.fromPartial({ name: 'spare' })),
    status.ALREADY_EXISTS,
    'INSTANCE_ALREADY_EXISTS',
  );
}
