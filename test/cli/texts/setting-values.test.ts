import { describe, expect, test } from 'vitest';
import {
  CallAddPermission,
  DefaultDisappearingTimer,
  DefenseMode,
  GroupAddPermission,
  LastSeenVisibility,
  MessagesPermission,
  OnlineVisibility,
  PrivacySetting,
  ProfileVisibility,
  ReadReceiptsMode,
  StatusVisibility,
  StickersPermission,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { encodeSettings, settingName, valueIn } from '../../../src/cli/texts/setting-values.js';
import { SETTING_NAMES, specOf } from '../../../src/domain/settings/settings-table.js';

const NOTHING = { visibility: undefined, privacy: undefined, permissions: undefined };

describe('the values of settings', () => {
  test('are those of the contract', () => {
    const wanted = {
      last_seen: 'contact_blacklist',
      status: 'none',
      profile: 'contacts',
      online: 'match_last_seen',
      read_receipts: 'none',
      default_disappearing_timer: '604800',
      call_add: 'known',
      group_add: 'contacts',
      messages: 'contacts',
      defense: 'on_standard',
      stickers: 'contact_allowlist',
    } as const;
    const values = new Map(SETTING_NAMES.map(setting => [setting, wanted[setting]]));
    expect(encodeSettings(values)).toEqual({
      visibility: {
        lastSeen: LastSeenVisibility.CONTACT_BLACKLIST,
        status: StatusVisibility.NONE,
        profile: ProfileVisibility.CONTACTS,
        online: OnlineVisibility.MATCH_LAST_SEEN,
      },
      privacy: {
        readReceipts: ReadReceiptsMode.NONE,
        defaultDisappearingTimer: DefaultDisappearingTimer.SEVEN_DAYS,
        defense: DefenseMode.ON_STANDARD,
      },
      permissions: {
        callAdd: CallAddPermission.KNOWN,
        groupAdd: GroupAddPermission.CONTACTS,
        messages: MessagesPermission.CONTACTS,
        stickers: StickersPermission.CONTACT_ALLOWLIST,
      },
    });
  });

  test.each(SETTING_NAMES)('of %s survive the trip through the API', setting => {
    for (const value of specOf(setting).values)
      expect(valueIn(encodeSettings(new Map([[setting, value]])), setting)).toBe(value);
  });

  test('that were not reported are undefined', () => {
    expect(valueIn(NOTHING, 'last_seen')).toBeUndefined();
    expect(valueIn({ ...NOTHING, visibility: {} }, 'last_seen')).toBeUndefined();
  });

  test('and names newer than this build are shown by number', () => {
    expect(valueIn({ ...NOTHING, visibility: { lastSeen: 31 as LastSeenVisibility } }, 'last_seen')).toBe(
      'number 31',
    );
    expect(settingName(99)).toBe('number 99');
    expect(settingName(PrivacySetting.CALL_ADD)).toBe('call_add');
  });
});
