import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Phone } from '../../src/simulator/index.js';
import { failureOf } from '../support/call.js';
import { viewIn } from '../support/desk.js';
import { link } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let phone: Phone;
let count = 0;
const nameOf = (index: number) => `desk-${index}`;
/** One for each group: a token may make only so many instances in a minute. */
const useService = () => {
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service[Symbol.asyncDispose]());
};
beforeEach(async () => {
  phone = service.simulator.addPhone({ phoneNumber: `1555040${String(++count).padStart(4, '0')}` });
  await service.client.call(Instances.createInstance, { name: nameOf(count) });
});

/** How linking fails, as the caller is told. */
async function told(at: Service, work: Promise<unknown>) {
  const { code, reason, details } = await failureOf(work);
  const { whatsapp_code: whatsappCode } = details['google.rpc.ErrorInfo']?.metadata ?? {};
  const seconds = details['google.rpc.RetryInfo']?.retryDelay?.seconds;
  const { instance } = await at.client.call(Instances.getInstance, { instance: nameOf(count) });
  return {
    code,
    reason,
    whatsappCode,
    retrySeconds: seconds === undefined ? undefined : Number(seconds),
    instance,
  };
}
const linking = (at: Service = service) => told(at, link(at.client, nameOf(count), phone));
const refusedAt = (on: 'registration' | 'login', reason: number, at: Service = service) =>
  at.simulator.inject({ match: { on }, effect: { do: 'failure', reason } });

const REJECTED = { code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED', retrySeconds: undefined };
const SUSPENDED = { code: status.FAILED_PRECONDITION, reason: 'INSTANCE_SUSPENDED', retrySeconds: undefined };

/** In a service of its own, for every instance of the node is held back. */
async function alone(work: (own: Service) => Promise<void>) {
  await using own = await startService();
  await own.client.call(Instances.createInstance, { name: nameOf(count) });
  phone = own.simulator.addPhone({ phoneNumber: '15550409999' });
  await work(own);
}

describe('a refusal while a code is awaited', () => {
  useService();

  test.each([401, 402, 403, 406, 411, 440, 516])('%i will come again, and is told so', async code => {
    refusedAt('registration', code);
    expect(await linking()).toMatchObject({ ...REJECTED, whatsappCode: String(code) });
    await viewIn(service, { instance: nameOf(count), phone }, 'UNLINKED');
    await link(service.client, nameOf(count), phone);
  });

  test.each([500, 503])('%i is a fault, after which the caller may try again', async code => {
    refusedAt('registration', code);
    const expected = { code: status.UNAVAILABLE, reason: 'WHATSAPP_UNCLEAR', whatsappCode: String(code) };
    expect(await linking()).toMatchObject(expected);
    await link(service.client, nameOf(count), phone);
  });

  test('429 is a limit, which lasts as long as the node is held back', () =>
    alone(async own => {
      refusedAt('registration', 429, own);
      const limited = {
        code: status.RESOURCE_EXHAUSTED,
        reason: 'WHATSAPP_RATE_LIMITED',
        whatsappCode: '429',
      };
      const first = await linking(own);
      expect(first).toMatchObject(limited);
      expect(first.retrySeconds).toBeGreaterThanOrEqual(6);
      expect(first.retrySeconds).toBeLessThanOrEqual(8);
      expect(await linking(own)).toMatchObject(limited);
    }));

  test('405 is told with the time at which the node tries again', () =>
    alone(async own => {
      refusedAt('registration', 405, own);
      const first = await linking(own);
      expect(first).toMatchObject({ code: status.UNAVAILABLE, reason: 'CLIENT_OUTDATED' });
      expect(first.retrySeconds).toBeGreaterThan(200);
    }));

  test('409 is about this client, and is not tried again for another instance meanwhile', () =>
    alone(async own => {
      const refusals = refusedAt('registration', 409, own);
      const expected = { ...REJECTED, whatsappCode: '409' };
      expect(await linking(own)).toMatchObject(expected);
      const dials = own.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status: 503 } });
      expect(await linking(own)).toMatchObject(expected);
      expect([refusals.hits(), dials.hits()]).toEqual([1, 0]);
    }));

  test.each([
    [403, REJECTED],
    [405, REJECTED],
    [429, { code: status.RESOURCE_EXHAUSTED, reason: 'WHATSAPP_RATE_LIMITED', retrySeconds: 60 }],
  ] as const)('%i in answer to a pairing code is told by its kind', async (code, expected) => {
    const effect = { do: 'refuse', code } as const;
    service.simulator.inject({ match: { on: 'iq', xmlns: 'md' }, effect });
    const method = { $case: 'pairingCode', value: { phoneNumber: `+${phone.phoneNumber}` } } as const;
    const steps = service.client.stream(Instances.linkInstance, { instance: nameOf(count), method });
    const failure = await told(service, Array.fromAsync(steps));
    expect(failure).toMatchObject({ ...expected, whatsappCode: String(code) });
  });
});

describe('a refusal of the first login with a new link', () => {
  useService();

  test.each([401, 411, 516])('%i means that WhatsApp does not know the link: it is forgotten', async code => {
    refusedAt('login', code);
    expect(await linking()).toMatchObject({
      ...REJECTED,
      whatsappCode: String(code),
      instance: { maskedPhoneNumber: '', linkTime: undefined },
    });
    await viewIn(service, { instance: nameOf(count), phone }, 'UNLINKED');
  });

  test.each([402, 403, 406])('%i suspends the account, which stays linked', async code => {
    refusedAt('login', code);
    expect(await linking()).toMatchObject(SUSPENDED);
    await viewIn(service, { instance: nameOf(count), phone }, 'SUSPENDED');
    await service.client.call(Instances.reconnectInstance, { instance: nameOf(count) });
    await viewIn(service, { instance: nameOf(count), phone }, 'CONNECTED');
  });

  test.each([429, 503])('%i is waited out: the instance is linked all the same', code =>
    alone(async own => {
      const refusals = refusedAt('login', code, own);
      await link(own.client, nameOf(count), phone);
      expect(refusals.hits()).toBe(1);
      await viewIn(own, { instance: nameOf(count), phone }, 'CONNECTED');
    }),
  );

  test('405 is told with the time at which the node tries again, and leaves it linked', () =>
    alone(async own => {
      refusedAt('login', 405, own);
      const failure = await linking(own);
      expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'CLIENT_OUTDATED' });
      expect(failure.retrySeconds).toBeGreaterThan(200);
      await viewIn(own, { instance: nameOf(count), phone }, 'CONNECTING');
    }));
});
