import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import {
  ContactBlacklistSetting as List,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

const person = (index: number) => `+1555011${String(index).padStart(4, '0')}`;
const people = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => person(from + index));

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
afterEach(() => service[Symbol.asyncDispose]());

/** Starts a service with this budget, and thirty people on WhatsApp. */
async function start(lookupsPerHour: number) {
  service = await startService({ env: { WA_PRIVACY_LOOKUPS_PER_HOUR: String(lookupsPerHour) } });
  for (const phoneNumber of people(0, 30)) service.simulator.addPerson({ phoneNumber });
  desk = await service.linked();
  service.simulator.clearStanzas();
}

const ids = (numbers: readonly string[]) =>
  numbers.map(value => ({ id: { $case: 'phoneNumber', value } as const }));
const change = (add: readonly string[], { validateOnly = false, remove = [] as readonly string[] } = {}) =>
  service.client.call(Privacy.updateContactBlacklist, {
    instance: desk.instance,
    setting: List.LAST_SEEN,
    entriesToAdd: ids(add),
    entriesToRemove: ids(remove),
    validateOnly,
  });
/** How many numbers WhatsApp was asked about in all. */
const asked = () =>
  service.simulator.findStanzas({ xmlns: 'usync' }).reduce((sum, { node }) => {
    type Node = { tag: string; content?: Node[] };
    const parts = (node as unknown as Node).content?.[0]?.content ?? [];
    return sum + (parts.find(({ tag }) => tag === 'list')?.content?.length ?? 0);
  }, 0);

test('each number that is looked up counts, also to see only what would be, and the last one is the last', async () => {
  await start(20);
  await change(people(0, 12), { validateOnly: true });
  const failure = await failureOf(change(people(12, 24), { validateOnly: true }));
  expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' });
  expect(failure.message).toBe(
    'More than 20 contacts looked up by the instance in 3600 s; call again when RetryInfo says',
  );
  const { details } = failure;
  expect(details['google.rpc.QuotaFailure']?.violations).toMatchObject([
    { subject: `instance:${desk.instance}` },
  ]);
  expect(Number(details['google.rpc.RetryInfo']?.retryDelay?.seconds)).toBeGreaterThan(3000);
  expect(asked()).toBe(12);

  await change(people(12, 20));
  expect(asked()).toBe(20);
  expect(await failureOf(change([person(20)]))).toMatchObject({ reason: 'RATE_LIMITED' });
  expect(asked()).toBe(20);
});

test('contacts that the connection or the list knows are free', async () => {
  await start(3);
  await change(people(0, 3), { validateOnly: true });
  await change(people(0, 3), { validateOnly: true });
  await change(people(0, 3));
  await change(people(0, 2), { remove: [person(2)] });
  expect(asked()).toBe(3);
  expect(desk.phone.contactList('last').contacts).toHaveLength(2);
});

test('a change that names more than an hour allows is told to name fewer, and costs nothing', async () => {
  await start(5);
  const failure = await failureOf(change(people(0, 6)));
  expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
  expect(failure.details['google.rpc.BadRequest']?.fieldViolations).toMatchObject([
    { description: '6 phone numbers would have to be looked up, and 5 may be in an hour; name fewer' },
  ]);
  expect(asked()).toBe(0);
  await change(people(0, 5));
});
