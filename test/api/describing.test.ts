import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  PrivacyServiceService as Privacy,
  SettingDescription_NotWritableReason as Why,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySetting } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { decodeSetting } from '../../src/contract/setting-enums.js';
import { specOf } from '../../src/domain/settings/settings-table.js';
import type { NewAccount } from '../../src/simulator/index.js';
import { type CallError, failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const describeSettings = async (instance: string) =>
  (await service.client.call(Privacy.describePrivacySettings, { instance })).descriptions;

/** `LAST_SEEN LOCKED_BY_DEFENSE`, and nothing after the name of a setting that can be changed. */
const inShort = async (instance: string) =>
  (await describeSettings(instance)).map(({ setting, reported, writable, notWritableReason }) =>
    [
      PrivacySetting[setting],
      reported ? '' : 'absent',
      writable === (notWritableReason === Why.UNSPECIFIED) ? '' : 'contradictory',
      writable ? '' : Why[notWritableReason],
    ]
      .filter(Boolean)
      .join(' '),
  );

/** What an update says that would only be validated. */
const SAID = {
  [Why.UNSPECIFIED]: 'WOULD_CHANGE',
  [Why.READ_ONLY]: 'SETTING_READ_ONLY',
  [Why.NOT_REPORTED]: 'SETTING_NOT_AVAILABLE',
  [Why.LOCKED_BY_DEFENSE]: 'SETTING_LOCKED',
};

describe('DescribePrivacySettings', () => {
  test('lists every setting in the order of PrivacySetting, with the values of its enum', async () => {
    const { instance } = await service.linked();
    const descriptions = await describeSettings(instance);
    const numbers = Object.values(PrivacySetting).filter(value => typeof value === 'number');
    expect(descriptions.map(({ setting }) => setting)).toEqual(numbers.filter(number => number > 0));
    const values = Object.fromEntries(
      descriptions.map(({ setting, allowedValues }) => [PrivacySetting[setting], allowedValues.join()]),
    );
    expect(values).toEqual({
      LAST_SEEN: 'all,contacts,contact_blacklist,none',
      STATUS: 'all,contacts,contact_blacklist,none',
      PROFILE: 'all,contacts,contact_blacklist,none',
      ONLINE: 'all,match_last_seen',
      READ_RECEIPTS: 'all,none',
      CALL_ADD: 'all,known',
      GROUP_ADD: 'all,contacts,contact_blacklist',
      MESSAGES: 'all,contacts',
      STICKERS: 'contacts,contact_allowlist,none',
      DEFENSE: 'off,on_standard',
      DEFAULT_DISAPPEARING_TIMER: '0,86400,604800,7776000',
    });
  });

  test('asks WhatsApp in this call, with one stanza', async () => {
    const { instance } = await service.linked();
    takePrivacyStanzas(service);
    await describeSettings(instance);
    expect(takePrivacyStanzas(service)).toEqual(['get']);
  });

  test('tells what the account does not report, and what is never changed', async () => {
    const { instance } = await service.linked({ categories: ['last', 'online', 'defense'] });
    expect(await inShort(instance)).toEqual([
      'LAST_SEEN',
      'STATUS absent NOT_REPORTED',
      'PROFILE absent NOT_REPORTED',
      'ONLINE',
      'READ_RECEIPTS absent NOT_REPORTED',
      'CALL_ADD absent NOT_REPORTED',
      'GROUP_ADD absent NOT_REPORTED',
      'MESSAGES absent NOT_REPORTED',
      'STICKERS absent READ_ONLY',
      'DEFENSE READ_ONLY',
      expect.stringMatching(/^DEFAULT_DISAPPEARING_TIMER/),
    ]);
  });

  test('tells what Strict Account Settings lock', async () => {
    const { instance } = await service.linked({ settings: { defense: 'on_standard' } });
    expect(await inShort(instance)).toEqual([
      'LAST_SEEN LOCKED_BY_DEFENSE',
      'STATUS LOCKED_BY_DEFENSE',
      'PROFILE LOCKED_BY_DEFENSE',
      'ONLINE LOCKED_BY_DEFENSE',
      'READ_RECEIPTS',
      'CALL_ADD LOCKED_BY_DEFENSE',
      'GROUP_ADD LOCKED_BY_DEFENSE',
      'MESSAGES LOCKED_BY_DEFENSE',
      'STICKERS READ_ONLY',
      'DEFENSE READ_ONLY',
      expect.stringMatching(/^DEFAULT_DISAPPEARING_TIMER/),
    ]);
  });

  test('counts a value without a name and a value that cannot be read as reported', async () => {
    const { instance, phone } = await service.linked({ settings: { last: 'close_friends' } });
    service.simulator.inject({
      match: { on: 'privacy_get', phoneNumber: phone.phoneNumber },
      effect: { do: 'refuse_category', category: 'profile', code: 500 },
    });
    expect(await inShort(instance)).toEqual(expect.arrayContaining(['LAST_SEEN', 'PROFILE']));
  });

  test.each<[string, Partial<NewAccount>]>([
    ['usual', {}],
    ['strict', { settings: { defense: 'on_standard' } }],
    ['small', { categories: ['last', 'online', 'calladd', 'defense'] }],
  ])('of a %s account says of each setting what an update would say', async (_, account) => {
    const { instance, phone } = await service.linked(account);
    for (const { setting, notWritableReason, allowedValues } of await describeSettings(instance)) {
      const name = decodeSetting(setting) ?? 'last_seen';
      const now = phone.settings()[specOf(name).category] ?? String(phone.disappearingMode());
      const other = allowedValues.find(value => value !== now) ?? '';
      const update = service.client.call(Privacy.updatePrivacySettings, {
        instance,
        ...encodeSettings(new Map([[name, other]])),
        validateOnly: true,
      });
      const said = await update.then(
        ({ outcomes }) => State[outcomes[0]?.state ?? 0],
        ({ reason }: CallError) => reason,
      );
      expect(said).toBe(SAID[notWritableReason]);
    }
  });

  test('fails as GetPrivacySettings does', async () => {
    await service.client.call(Instances.createInstance, { name: 'unlinked' });
    expect(await failureOf(describeSettings('unlinked'))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'INSTANCE_NOT_LINKED',
      message: 'Instance is not connected to WhatsApp',
    });
    const { instance, phone } = await service.linked();
    service.simulator.inject({
      match: { on: 'privacy_get', phoneNumber: phone.phoneNumber },
      effect: { do: 'refuse', code: 403, text: 'forbidden' },
    });
    expect(await failureOf(describeSettings(instance))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'WHATSAPP_REJECTED',
    });
  });
});
