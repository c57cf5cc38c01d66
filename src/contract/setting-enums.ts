import * as pb from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  audiencesOf,
  isValueOf,
  type ReportedValue,
  SETTING_NAMES,
  type SETTINGS,
  type Setting,
  specOf,
  type Value,
} from '../domain/settings/settings-table.js';
import { descriptors } from './descriptors.js';
import type { Difference, NamesOf, None, Same } from './enum-names.js';

/** The enum of each setting's values. */
const VALUE_ENUMS = {
  last_seen: pb.LastSeenVisibility,
  status: pb.StatusVisibility,
  profile: pb.ProfileVisibility,
  online: pb.OnlineVisibility,
  read_receipts: pb.ReadReceiptsMode,
  default_disappearing_timer: pb.DefaultDisappearingTimer,
  call_add: pb.CallAddPermission,
  group_add: pb.GroupAddPermission,
  messages: pb.MessagesPermission,
  defense: pb.DefenseMode,
  stickers: pb.StickersPermission,
} as const satisfies Record<Setting, object>;

/** The values whose name in the contract is not the wire value in capitals. */
const OTHER_NAMES = {
  '0': 'OFF',
  '86400': 'ONE_DAY',
  '604800': 'SEVEN_DAYS',
  '7776000': 'NINETY_DAYS',
} as const satisfies Record<Value<'default_disappearing_timer'>, string>;

type NameOfValue<V extends string> = V extends keyof typeof OTHER_NAMES
  ? (typeof OTHER_NAMES)[V]
  : Uppercase<V>;
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type FieldsOf<Group> = {
  [S in Setting]: (typeof SETTINGS)[S]['group'] extends Group ? CamelCase<S> : never;
}[Setting];
type ValueDifference = {
  [S in Setting]: Difference<NameOfValue<ReportedValue<S>>, NamesOf<(typeof VALUE_ENUMS)[S]>>;
}[Setting];

// The table and the contract have the same settings, fields and values. What is on one side only does not compile.
true satisfies Same<Uppercase<Setting>, NamesOf<typeof pb.PrivacySetting>>;
true satisfies None<ValueDifference>;
true satisfies Same<FieldsOf<'visibility'>, keyof pb.Visibility>;
true satisfies Same<FieldsOf<'privacy'>, keyof pb.Privacy>;
true satisfies Same<FieldsOf<'permissions'>, keyof pb.Permissions>;

/** The number of a setting. */
export const encodeSetting = (setting: Setting): pb.PrivacySetting =>
  pb.PrivacySetting[setting.toUpperCase() as Uppercase<Setting>];

/** The setting of a number; undefined for UNSPECIFIED and for a number newer than this build. */
export const decodeSetting = (number: number): Setting | undefined =>
  SETTING_NAMES.find(setting => encodeSetting(setting) === number);

/** The proto path of a setting, `visibility.last_seen`. */
export const fieldPath = (setting: Setting): string => `${specOf(setting).group}.${setting}`;

/** The numbers and wire values of a setting, in the order of its enum. */
const numbered = (setting: Setting): [number: number, value: string][] =>
  audiencesOf(setting)
    .map((value): [number, string] => {
      const name =
        value in OTHER_NAMES ? OTHER_NAMES[value as keyof typeof OTHER_NAMES] : value.toUpperCase();
      // The checks above vouch for the name.
      return [(VALUE_ENUMS[setting] as unknown as Record<string, number>)[name] as number, value];
    })
    .sort(([a], [b]) => a - b);

const VALUES = Object.fromEntries(SETTING_NAMES.map(setting => [setting, numbered(setting)])) as Readonly<
  Record<Setting, [number, string][]>
>;

/** The wire values that an update may ask for, in the order of the setting's enum. */
export const valuesInOrder = (setting: Setting): string[] =>
  VALUES[setting].map(([, value]) => value).filter(value => isValueOf(setting, value));

/** The names by which callers write those values in JSON, `LAST_SEEN_VISIBILITY_CONTACTS`, in the same order. */
export function enumNamesInOrder(setting: Setting): string[] {
  const path = fieldPath(setting);
  const [group = '', name] = path.split('.');
  const message = descriptors().getMessage(`whatsapp.privacy.v1.${group[0]?.toUpperCase()}${group.slice(1)}`);
  const values = message?.fields.find(field => field.name === name)?.enum?.value;
  return valuesInOrder(setting).map(value => values?.[encodeValue(setting, value) ?? 0]?.name ?? '');
}

/** The number of a wire value; undefined for a value that the setting does not have. */
export const encodeValue = (setting: Setting, value: string): number | undefined =>
  VALUES[setting].find(([, known]) => known === value)?.[0];

/** The wire value; undefined for UNSPECIFIED and for a number newer than this build. */
export const decodeValue = (setting: Setting, number: number): string | undefined =>
  VALUES[setting].find(([known]) => known === number)?.[1];

/** The wire value that an update asks for; undefined for a number that it must not hold. */
export function decodeWish(setting: Setting, number: number): Value | undefined {
  const value = decodeValue(setting, number);
  return value !== undefined && isValueOf(setting, value) ? value : undefined;
}
