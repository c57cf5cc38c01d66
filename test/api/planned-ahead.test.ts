import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  OnFailure,
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  LastSeenVisibility,
  PrivacySetting,
  ProfileVisibility,
  StatusVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

/*
 * An update of settings that pushes have kept since they were read: the read that proves what was there, the first
 * changes and the read-back leave together. No push comes here, so that a test can have the service plan by settings
 * that are no longer there.
 */

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
beforeAll(async () => {
  service = await startService({ env: { WA_PRIVACY_SHARED_READ_SECONDS: '0' } });
  service.simulator.behaviour.push = 'none';
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  service.simulator.clearFaults();
  for (const category of ['last', 'profile', 'status', 'calladd', 'groupadd'])
    desk.phone.setPrivacy(category, 'all');
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  takePrivacyStanzas(service);
});

const update = (request: Partial<UpdatePrivacySettingsRequest>) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, ...request });
const HIDE = { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.CONTACTS };
const told = (outcomes: Awaited<ReturnType<typeof update>>['outcomes']) =>
  Object.fromEntries(
    outcomes.map(({ setting, state, previousValue }) => [
      PrivacySetting[setting],
      `${previousValue} ${State[state]}`,
    ]),
  );

test('the read before, the changes and the read behind leave before anything is answered', async () => {
  const slow = service.simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'delay', ms: 300 } });
  const updating = update({ visibility: HIDE });
  await expect.poll(() => slow.hits()).toBe(1);
  await expect.poll(() => service.simulator.findStanzas({ tag: 'iq', xmlns: 'privacy' })).toHaveLength(4);
  expect(takePrivacyStanzas(service)).toEqual(['get', 'set last=none', 'set profile=contacts', 'get']);
  expect(told((await updating).outcomes)).toEqual({ LAST_SEEN: 'all APPLIED', PROFILE: 'all APPLIED' });
});

test('what the phone had changed unnoticed is told as the previous value', async () => {
  desk.phone.setPrivacy('profile', 'none');
  expect(told((await update({ visibility: HIDE })).outcomes)).toEqual({
    LAST_SEEN: 'all APPLIED',
    PROFILE: 'none APPLIED',
  });
});

test('what the phone had changed unnoticed to the wanted value was sent and is told so', async () => {
  desk.phone.setPrivacy('profile', 'contacts');
  expect(told((await update({ visibility: HIDE })).outcomes)).toEqual({
    LAST_SEEN: 'all APPLIED',
    PROFILE: 'contacts APPLIED',
  });
});

test('a setting that seemed to have its value is changed when the read shows another', async () => {
  desk.phone.setPrivacy('status', 'none');
  const { outcomes } = await update({ visibility: { ...HIDE, status: StatusVisibility.ALL } });
  expect(told(outcomes)).toEqual({
    LAST_SEEN: 'all APPLIED',
    PROFILE: 'all APPLIED',
    STATUS: 'none APPLIED',
  });
  expect(desk.phone.settings()['status']).toBe('all');
});

test('a rollback brings back what the read showed, not what was known before', async () => {
  desk.phone.setPrivacy('profile', 'none');
  service.simulator.inject({
    match: { on: 'privacy_set', category: 'last' },
    effect: { do: 'refuse', code: 403 },
  });
  const failure = await failureOf(update({ visibility: HIDE, onFailure: OnFailure.ROLL_BACK }));
  expect(told(failure.update?.outcomes ?? [])).toEqual({
    LAST_SEEN: 'all FAILED',
    PROFILE: 'none ROLLED_BACK',
  });
  expect(desk.phone.settings()['profile']).toBe('none');
});

test('what widens waits for the read, and is not sent where that shows a lock', async () => {
  desk.phone.setPrivacy('calladd', 'known');
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  desk.phone.setPrivacy('defense', 'on_standard');
  takePrivacyStanzas(service);
  const wide = { visibility: HIDE, permissions: { callAdd: CallAddPermission.ALL } };
  const failure = await failureOf(update(wide));
  desk.phone.setPrivacy('defense', 'off');
  expect(told(failure.update?.outcomes ?? [])['CALL_ADD']).toBe('known NOT_ATTEMPTED');
  expect(takePrivacyStanzas(service)).not.toContain('set calladd=all');
});

test.each([
  ['refuses', { do: 'refuse', code: 500 }],
  ['does not answer', { do: 'silence' }],
] as const)(
  'a read before the changes that WhatsApp %s is made up for before anything widens',
  async (_, effect) => {
    desk.phone.setPrivacy('calladd', 'known');
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    takePrivacyStanzas(service);
    service.simulator.inject({ match: { on: 'privacy_get' }, effect });
    const wide = { visibility: HIDE, permissions: { callAdd: CallAddPermission.ALL } };
    const { outcomes } = await update(wide);
    expect(told(outcomes)).toEqual({
      LAST_SEEN: 'all APPLIED',
      PROFILE: 'all APPLIED',
      CALL_ADD: 'known APPLIED',
    });
    const stanzas = takePrivacyStanzas(service);
    expect(stanzas.lastIndexOf('set calladd=all')).toBeGreaterThan(stanzas.indexOf('get', 1));
  },
);
