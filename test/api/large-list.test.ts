import { afterAll, beforeAll, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  ContactBlacklistSetting as List,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

test('a list of 64,000 is read and changed by one contact with one IQ each', async () => {
  const { simulator, client } = service;
  const { instance, phone } = await service.linked();
  const numbers = Array.from({ length: 64_000 }, (_, index) => `+1666${1_000_000 + index}`);
  const [last = ''] = numbers;
  phone.exceptContacts('profile', numbers.slice(1));
  simulator.addPerson({ phoneNumber: last, lid: '6660' });
  const about = { xmlns: 'privacy', category: 'profile' };
  simulator.clearStanzas();

  const pageAfter = (pageToken: string) =>
    client.call(Privacy.getContactBlacklist, {
      instance,
      setting: List.PROFILE,
      pageSize: 20_000,
      pageToken,
    });
  const first = await pageAfter('');
  const pages = [first];
  for (let page = first; page.nextPageToken !== ''; pages.push(page))
    page = await pageAfter(page.nextPageToken);
  expect(pages.map(({ entries }) => entries.length)).toEqual([...Array<number>(6).fill(10_000), 3_999]);
  expect(new Set(pages.map(({ etag, totalSize }) => `${etag} ${totalSize}`)).size).toBe(1);
  const { etag } = first;
  const told = pages.flatMap(({ entries }) => entries.map(({ id }) => id?.value));
  expect(told.sort()).toEqual(numbers.slice(1).sort());
  expect(simulator.findStanzas({ ...about, type: 'get' })).toHaveLength(1);

  const {
    entries: changed,
    totalSize,
    outcome,
  } = await client.call(Privacy.updateContactBlacklist, {
    instance,
    setting: List.PROFILE,
    entriesToAdd: [{ id: { $case: 'phoneNumber', value: last } }],
    etag,
  });
  expect(changed).toHaveLength(1000);
  expect(totalSize).toBe(64_000);
  expect(outcome?.state).toBe(State.APPLIED);
  expect(simulator.findStanzas({ ...about, type: 'set' })).toHaveLength(1);
  expect(JSON.stringify(simulator.findStanzas({ ...about, type: 'set' }))).toContain('6660@lid');
  expect(JSON.stringify(simulator.findStanzas({ ...about, type: 'set' })).match(/@lid/g)).toHaveLength(1);
});
