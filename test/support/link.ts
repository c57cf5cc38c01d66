import {
  InstanceServiceService as Instances,
  type LinkInstanceResponse,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { WhatsApp } from '../../src/instances/ports/ports.js';
import type { Phone } from '../../src/simulator/index.js';
import type { Caller } from './call.js';

export const QR = { $case: 'qr', value: {} } as const;
/** @param phoneNumber Digits only. */
export const pairingCode = (phoneNumber: string) =>
  ({ $case: 'pairingCode', value: { phoneNumber: `+${phoneNumber}` } }) as const;

/** Links an instance as a person would: the phone takes what is shown until one links, and has its say as well. */
export async function link(
  client: Caller,
  name: string,
  phone: Phone,
  method: typeof QR | ReturnType<typeof pairingCode> = QR,
) {
  const shown: string[] = [];
  const attempts: Promise<unknown>[] = [];
  try {
    for await (const { event } of client.stream(Instances.linkInstance, { instance: name, method })) {
      if (event?.$case === 'linked') return { linked: event.value, shown };
      if (event?.$case === 'pairingCode') attempts.push(phone.enterCode(event.value.code));
      if (event?.$case !== 'qrCode') continue;
      shown.push(event.value.payload);
      attempts.push(phone.scan(event.value.payload));
    }
  } finally {
    await Promise.all(attempts);
  }
  throw new Error('the stream ended before the instance was linked');
}

/** Links an instance whose phone demands its passkey: whoever has that answers, and compares the codes when asked to. */
export async function linkWithPasskey(
  client: Caller,
  name: string,
  phone: Phone,
  passkey: { compareCode: boolean },
  method: typeof QR | ReturnType<typeof pairingCode> = QR,
) {
  const events: LinkInstanceResponse['event'][] = [];
  for await (const { event } of client.stream(Instances.linkInstance, { instance: name, method, passkey })) {
    events.push(event);
    if (event?.$case === 'pairingCode') void phone.enterCode(event.value.code);
    if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
    if (event?.$case === 'passkeyRequest') {
      const assertionJson = phone.assertPasskey(event.value.optionsJson, event.value.origin);
      await client.call(Instances.submitPasskeyAssertion, { instance: name, assertionJson });
    }
    if (event?.$case === 'passkeyConfirmation' && event.value.mustConfirm)
      await client.call(Instances.confirmPasskeyCode, {
        instance: name,
        code: phone.confirmationCode() ?? '',
      });
  }
  return events;
}

/** The same without a service: the phone scans what the connection to WhatsApp shows. */
export async function linkDevice(whatsApp: WhatsApp, instance: string, phone: Phone): Promise<void> {
  const { kind } = await whatsApp.link(
    instance,
    { kind: 'qr' },
    {
      signal: new AbortController().signal,
      expectedPhoneNumber: undefined,
      onCode: ({ code }) => void phone.scan(code),
    },
  );
  if (kind !== 'linked') throw new Error(`not linked: ${kind}`);
}
