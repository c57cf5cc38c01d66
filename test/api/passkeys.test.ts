import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { failureOf } from '../support/call.js';
import { link, linkWithPasskey, pairingCode, QR } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let count = 0;
const passkey = { compareCode: false };

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
  (await service.client.call(Instances.getInstance, { instance: name })).instance?.state;

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

  test.each([
    ['qr', false],
    ['code', true],
  ] as const)('is linked by %s, the codes compared: %s', async (how, compareCode) => {
    const { name, phone } = await desk();
    const method = how === 'qr' ? QR : pairingCode(phone.phoneNumber);
    const events = await linkWithPasskey(service.client, name, phone, { compareCode }, method);
    const [request, confirmation, linked] = events.slice(-3);
    expect(request).toMatchObject({ $case: 'passkeyRequest', value: { origin: 'https://web.whatsapp.com' } });
    expect(confirmation).toEqual({
      $case: 'passkeyConfirmation',
      value: {
        code: phone.confirmationCode(),
        mustConfirm: compareCode,
        expireTime: compareCode ? expect.any(Date) : undefined,
      },
    });
    expect(linked).toMatchObject({ $case: 'linked', value: { name, state: InstanceState.CONNECTED } });
    expect(phone.devices()).toHaveLength(1);
  });

  test('tells what is wrong with an assertion, and goes on waiting', async () => {
    const { name, phone } = await desk();
    const submit = (assertionJson: string) =>
      service.client.call(Instances.submitPasskeyAssertion, { instance: name, assertionJson });
    for await (const { event } of service.client.stream(Instances.linkInstance, {
      instance: name,
      method: QR,
      passkey,
    })) {
      if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
      if (event?.$case !== 'passkeyRequest') continue;
      const { optionsJson } = event.value;
      const failure = await failureOf(submit(phone.assertPasskey(optionsJson, 'https://example.com')));
      expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
      expect(failure.details['google.rpc.BadRequest']?.fieldViolations).toMatchObject([
        {
          field: 'assertion_json',
          reason: 'INVALID_FORMAT',
          description: expect.stringContaining('page of'),
        },
      ]);
      await submit(phone.assertPasskey(optionsJson));
      expect((await failureOf(submit(phone.assertPasskey(optionsJson)))).reason).toBe('PASSKEY_NOT_AWAITED');
    }
    expect(await stateOf(name)).toBe(InstanceState.CONNECTED);
  });

  test('confirms no other code than the one that was compared', async () => {
    const { name, phone } = await desk();
    const compared = { compareCode: true };
    const confirm = (code: string) =>
      service.client.call(Instances.confirmPasskeyCode, { instance: name, code });
    const events = service.client.stream(Instances.linkInstance, {
      instance: name,
      method: QR,
      passkey: compared,
    });
    for await (const { event } of events) {
      if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
      if (event?.$case === 'passkeyRequest') {
        expect((await failureOf(confirm('ABCD-1234'))).reason).toBe('PASSKEY_NOT_AWAITED');
        const assertionJson = phone.assertPasskey(event.value.optionsJson);
        await service.client.call(Instances.submitPasskeyAssertion, { instance: name, assertionJson });
      }
      if (event?.$case !== 'passkeyConfirmation') continue;
      expect(await failureOf(confirm('ABCD-1234'))).toMatchObject({
        code: status.ABORTED,
        reason: 'PASSKEY_MISMATCH',
      });
      await confirm(event.value.code.toLowerCase().replace(/^(.{4})/, '$1-'));
    }
    expect(phone.devices()).toHaveLength(1);
  });

  test.each([
    ['is a limit of WhatsApp’s', 429, 'WHATSAPP_RATE_LIMITED'],
    ['is a fault of WhatsApp’s', 503, 'WHATSAPP_UNCLEAR'],
    ['is about the passkey', 401, 'PASSKEY_REFUSED'],
  ])('says whether a refusal %s', async (_, code, reason) => {
    const { name, phone } = await desk();
    const match = { on: 'iq', child: 'passkey_prologue' } as const;
    service.simulator.inject({ match, effect: { do: 'refuse', code } });
    expect(await failureOf(linkWithPasskey(service.client, name, phone, passkey))).toMatchObject({ reason });
    expect(await stateOf(name)).toBe(InstanceState.UNLINKED);
  });

  test('leaves nothing when the instance is unlinked meanwhile, and says who was waited for', async () => {
    const { name, phone } = await desk();
    const events = service.client.stream(Instances.linkInstance, { instance: name, method: QR, passkey });
    const ended = failureOf(
      (async () => {
        for await (const { event } of events) {
          if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
          if (event?.$case === 'passkeyRequest')
            await service.client.call(Instances.unlinkInstance, { instance: name });
        }
      })(),
    );
    expect(await ended).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'PASSKEY_TIMED_OUT' });
    expect((await ended).details['google.rpc.ErrorInfo']?.metadata).toMatchObject({
      waited_for: 'ASSERTION',
    });
    expect(await stateOf(name)).toBe(InstanceState.UNLINKED);
  });
});
