import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { failureOf } from '../support/call.js';
import { pairingCode, QR } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

const NUMBER = '15550109001';
const OTHER_NUMBER = '15550109002';

/** Limits that the test may reach. */
async function limited(env: Partial<Record<'LINKS' | 'NUMBER_LINKS' | 'NODE_LINKS', number>>) {
  const entries = Object.entries(env).map(([name, limit]) => [`WA_PRIVACY_${name}_PER_HOUR`, String(limit)]);
  const service = await startService({ env: Object.fromEntries(entries) });
  for (const phoneNumber of [NUMBER, OTHER_NUMBER]) service.simulator.addPhone({ phoneNumber });
  return service;
}

async function create({ client }: Service, ...names: string[]) {
  for (const name of names) await client.call(Instances.createInstance, { name });
}

/** Asks for a code, and leaves when it has one. */
async function attempt(
  { client }: Service,
  name: string,
  method: typeof QR | ReturnType<typeof pairingCode> = QR,
) {
  for await (const { event } of client.stream(Instances.linkInstance, { instance: name, method }))
    if (event?.$case === 'qrCode' || event?.$case === 'pairingCode') break;
  const stateOf = async () => (await client.call(Instances.getInstance, { instance: name })).instance?.state;
  await expect.poll(stateOf).toBe(InstanceState.UNLINKED);
}

test('an instance that was linked in vain too often is refused before anything is sent, and told until when', async () => {
  await using service = await limited({ LINKS: 3 });
  await create(service, 'desk', 'other');
  for (const method of [QR, pairingCode(NUMBER), QR]) await attempt(service, 'desk', method);
  service.simulator.clearStanzas();

  const failure = await failureOf(attempt(service, 'desk'));
  expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' });
  expect(failure.message).toBe(
    'More than 3 attempts to link the instance in 3600 s; call again when RetryInfo says',
  );
  const { details } = failure;
  expect(details['google.rpc.QuotaFailure']?.violations).toMatchObject([{ subject: 'instance:desk' }]);
  const seconds = Number(details['google.rpc.RetryInfo']?.retryDelay?.seconds);
  expect(seconds).toBeGreaterThan(3000);
  expect(seconds).toBeLessThanOrEqual(3600);
  expect(service.simulator.findStanzas({})).toEqual([]);

  await attempt(service, 'other');
});

test('a stranger’s phone is asked only so often, by all instances and all their tokens', async () => {
  await using service = await limited({ NUMBER_LINKS: 2 });
  await create(service, 'one', 'two', 'three');
  for (const name of ['one', 'two']) await attempt(service, name, pairingCode(NUMBER));
  const failure = await failureOf(attempt(service, 'three', pairingCode(NUMBER)));
  expect(failure.message).toMatch(/^More than 2 attempts to link this phone number in 3600 s/);
  expect(failure.details['google.rpc.QuotaFailure']?.violations).toMatchObject([
    { subject: 'phonenumber:+*******9001' },
  ]);
  await attempt(service, 'three', pairingCode(OTHER_NUMBER));
  await attempt(service, 'three');
});

test('a server makes only so many attempts, whoever asks', async () => {
  await using service = await limited({ NODE_LINKS: 2 });
  await create(service, 'one', 'two', 'three');
  for (const name of ['one', 'two']) await attempt(service, name);
  const failure = await failureOf(attempt(service, 'three'));
  expect(failure.message).toMatch(/^More than 2 attempts to link on this server in 3600 s/);
});

test('attempts of which nothing reached WhatsApp are free', async () => {
  await using service = await limited({ LINKS: 1 });
  await create(service, 'desk');
  await service.client.call(Instances.updateInstance, { instance: 'desk', proxy: 'http://127.0.0.1:1' });
  for (let i = 0; i < 3; i++)
    expect(await failureOf(attempt(service, 'desk'))).toMatchObject({ reason: 'PROXY_FAILED' });
  await service.client.call(Instances.updateInstance, { instance: 'desk', proxy: '' });
  await attempt(service, 'desk');
  expect(await failureOf(attempt(service, 'desk'))).toMatchObject({ reason: 'RATE_LIMITED' });
});

test('an attempt that WhatsApp refused counts', async () => {
  await using service = await limited({ LINKS: 1 });
  await create(service, 'desk');
  service.simulator.inject({ match: { on: 'registration' }, effect: { do: 'failure', reason: 403 } });
  expect(await failureOf(attempt(service, 'desk'))).toMatchObject({ reason: 'WHATSAPP_REJECTED' });
  expect(await failureOf(attempt(service, 'desk'))).toMatchObject({ reason: 'RATE_LIMITED' });
});
