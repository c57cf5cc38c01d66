import type { PrivacySettings } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { decodeSetting, decodeValue, encodeValue } from '../../contract/setting-enums.js';
import { camelCase, type Setting, specOf } from '../../domain/settings/settings-table.js';

/** The parts of a request or of a snapshot that hold the settings. */
export type SettingGroups = Pick<PrivacySettings, 'visibility' | 'privacy' | 'permissions'>;

/** The parts of a request that ask for these values. */
export function encodeSettings(values: ReadonlyMap<Setting, string>): SettingGroups {
  const groups: SettingGroups = { visibility: undefined, privacy: undefined, permissions: undefined };
  for (const [setting, value] of values) {
    const { group } = specOf(setting);
    groups[group] = { ...groups[group], [camelCase(setting)]: encodeValue(setting, value) };
  }
  return groups;
}

/** The wire value of a setting; undefined when it was not reported, `number 9` when this build has no name for it. */
export function valueIn(groups: SettingGroups, setting: Setting): string | undefined {
  const group: { [field: string]: number | undefined } = { ...groups[specOf(setting).group] };
  const number = group[camelCase(setting)];
  return number === undefined ? undefined : (decodeValue(setting, number) ?? `number ${number}`);
}

/** The name of a setting by its number. */
export const settingName = (number: number): string => decodeSetting(number) ?? `number ${number}`;
