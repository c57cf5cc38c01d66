import type { WidestFirst } from './widest-first.js';

/** One row of the table of settings. */
export type SettingSpec = {
  /** The category on the wire; for settings outside the privacy namespace the name this service uses. */
  readonly category: string;
  /** The group of the API that holds the field. */
  readonly group: 'visibility' | 'privacy' | 'permissions';
  /** The wire values an update may ask for, from the widest audience to the narrowest. */
  readonly values: readonly string[];
  /** Values that WhatsApp reports and this service does not send; narrower than all of `values`, in the same order. */
  readonly onlyRead?: readonly string[];
  /** `read_only` settings are reported and never sent. */
  readonly access: 'read_write' | 'read_only';
  /** Whether Strict Account Settings (`defense`) let only the phone change it. */
  readonly lockedByDefense: boolean;
  /** What it decides, for people. */
  readonly meaning: string;
};

/**
 * Every privacy setting: names, wire names, values and their order. The API's enums, validation, stanzas, waves,
 * command line and documentation derive from it, and a row missing on either side does not compile.
 *
 * Rows stand in the order in which violations are reported and changes are sent; `last_seen` before `online`,
 * because `match_last_seen` means whatever last seen says at that moment.
 *
 * Values are those WhatsApp Web itself sends. Only read: `none` for group_add, which WhatsApp Web knows but never
 * sends; `contacts` for call_add, which only newer bundles know; `none` for online, which zapo lists and WhatsApp Web
 * does not. Locked settings: WAWebDefenseModeUtils.
 */
export const SETTINGS = {
  last_seen: {
    category: 'last',
    group: 'visibility',
    values: ['all', 'contacts', 'contact_blacklist', 'none'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Who sees when the account was last online',
  },
  status: {
    category: 'status',
    group: 'visibility',
    values: ['all', 'contacts', 'contact_blacklist', 'none'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Who sees the About text (not Stories)',
  },
  profile: {
    category: 'profile',
    group: 'visibility',
    values: ['all', 'contacts', 'contact_blacklist', 'none'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Who sees the profile photo',
  },
  online: {
    category: 'online',
    group: 'visibility',
    values: ['all', 'match_last_seen'],
    onlyRead: ['none'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Who sees that the account is online now',
  },
  read_receipts: {
    category: 'readreceipts',
    group: 'privacy',
    values: ['all', 'none'],
    access: 'read_write',
    lockedByDefense: false,
    meaning: 'Whether read receipts are exchanged (group chats always send them)',
  },
  default_disappearing_timer: {
    category: 'disappearing_mode',
    group: 'privacy',
    values: ['0', '7776000', '604800', '86400'],
    access: 'read_write',
    lockedByDefense: false,
    meaning: 'After how many seconds messages of new chats disappear; 0 for never',
  },
  call_add: {
    category: 'calladd',
    group: 'permissions',
    values: ['all', 'known'],
    onlyRead: ['contacts'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Whose calls ring; unknown callers are silenced with known',
  },
  group_add: {
    category: 'groupadd',
    group: 'permissions',
    values: ['all', 'contacts', 'contact_blacklist'],
    onlyRead: ['none'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Who may add the account to groups',
  },
  messages: {
    category: 'messages',
    group: 'permissions',
    values: ['all', 'contacts'],
    access: 'read_write',
    lockedByDefense: true,
    meaning: 'Who may write; not every account reports it',
  },
  defense: {
    category: 'defense',
    group: 'privacy',
    values: ['off', 'on_standard'],
    access: 'read_only',
    lockedByDefense: false,
    meaning: 'Strict Account Settings; only the phone changes it',
  },
  stickers: {
    category: 'stickers',
    group: 'permissions',
    values: ['contacts', 'contact_allowlist', 'none'],
    access: 'read_only',
    lockedByDefense: false,
    meaning: 'The stickers category; WhatsApp does not document it',
  },
} as const satisfies Record<string, SettingSpec & { values: WidestFirst; onlyRead?: WidestFirst }>;

/** The name of a setting, as in the API. */
export type Setting = keyof typeof SETTINGS;
/** A value that an update may ask for, as on the wire. */
export type Value<S extends Setting = Setting> = (typeof SETTINGS)[S]['values'][number];
/** A value that WhatsApp may report, as far as it has a name. */
export type ReportedValue<S extends Setting = Setting> = {
  [Name in S]:
    | Value<Name>
    | ((typeof SETTINGS)[Name] extends { readonly onlyRead: readonly (infer Only extends string)[] }
        ? Only
        : never);
}[S];

/** All settings, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as Setting[];

/** The row of a setting, with its values as plain strings. */
export const specOf = (setting: Setting): SettingSpec => SETTINGS[setting];

/** The setting a wire category belongs to, or undefined for one this version has no name for. */
export const settingOfCategory = (category: string): Setting | undefined =>
  SETTING_NAMES.find(name => SETTINGS[name].category === category);

/** The audiences of a setting, from the widest to the narrowest, also those that are only read. */
export const audiencesOf = (setting: Setting): readonly string[] => {
  const { values, onlyRead = [] } = specOf(setting);
  return [...values, ...onlyRead];
};

/** Whether the value has a name among those of the setting. */
export const isReportedValueOf = <S extends Setting>(setting: S, value: string): value is ReportedValue<S> =>
  audiencesOf(setting).includes(value);

/** Whether an update may ask for the value. */
export const isValueOf = <S extends Setting>(setting: S, value: string): value is Value<S> =>
  specOf(setting).values.includes(value);

/** The setting's name as the origin's messages write it: `lastSeen`. */
export const camelCase = (setting: Setting): string => CAMEL_CASE[setting];

const CAMEL_CASE = Object.fromEntries(
  SETTING_NAMES.map(setting => [
    setting,
    setting.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  ]),
) as Readonly<Record<Setting, string>>;
