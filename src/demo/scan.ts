import {
  type Instance,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Api } from '../cli/client/client.js';
import type { Phone } from '../simulator/index.js';

/** Links as a person would: the phone scans each code that is shown, until one links. */
export async function scan(api: Api, name: string, phone: Phone): Promise<Instance> {
  const request = { instance: name, method: { $case: 'qr', value: {} }, passkey: undefined } as const;
  for await (const { event } of api.stream(Instances.linkInstance, request)) {
    if (event?.$case === 'linked') return event.value;
    if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
  }
  throw new Error('the phone could not be linked');
}
