import {
  Permissions,
  Privacy,
  PrivacySetting,
  type PrivacySettings,
  Visibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { camelCase, SETTING_NAMES, type Setting, specOf, type Value } from '../domain/settings-table.js';

/** The messages that hold the settings, by group of the table. */
const GROUPS = { visibility: Visibility, privacy: Privacy, permissions: Permissions };

/** The parts of a request or of a snapshot that hold the settings. */
export type SettingGroups = Pick<PrivacySettings, keyof typeof GROUPS>;

/** The values that the contract does not call by their wire value in capitals. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '0': 'OFF',
  '86400': 'ONE_DAY',
  '604800': 'SEVEN_DAYS',
  '7776000': 'NINETY_DAYS',
} satisfies Record<Value<'default_disappearing_timer'>, string>;

/** More numbers than any enum of values has. */
const NUMBERS = Array.from({ length: 32 }, (_, number) => number);

/** The number of a wire value, found by its name in the JSON form of the contract, `LAST_SEEN_VISIBILITY_NONE`. */
const numberOf = (setting: Setting, value: string): number | undefined =>
  NUMBERS.find(number =>
    jsonName(setting, number)?.endsWith(`_${OTHER_NAMES[value] ?? value.toUpperCase()}`),
  );

/** Undefined for a number newer than this build. */
function jsonName(setting: Setting, number: number): string | undefined {
  const field = camelCase(setting);
  try {
    const json = GROUPS[specOf(setting).group].toJSON({ [field]: number });
    return (json as Record<string, string>)[field]; // toJSON gives an object of names, but is typed unknown
  } catch {
    return undefined;
  }
}

/** The parts of a request that ask for these values. */
export function encodeSettings(values: ReadonlyMap<Setting, string>): SettingGroups {
  const groups: SettingGroups = { visibility: undefined, privacy: undefined, permissions: undefined };
  for (const [setting, value] of values) {
    const { group } = specOf(setting);
    groups[group] = { ...groups[group], [camelCase(setting)]: numberOf(setting, value) };
  }
  return groups;
}

/** The wire value of a setting; undefined when it was not reported, `number 9` when this build has no name for it. */
export function valueIn(groups: SettingGroups, setting: Setting): string | undefined {
  const group: { [field: string]: number | undefined } = { ...groups[specOf(setting).group] };
  const number = group[camelCase(setting)];
  if (number === undefined) return undefined;
  return specOf(setting).values.find(value => numberOf(setting, value) === number) ?? `number ${number}`;
}

/** The name of a setting by its number. */
export const settingName = (number: number): string =>
  SETTING_NAMES.find(setting => PrivacySetting[number] === setting.toUpperCase()) ?? `number ${number}`;
