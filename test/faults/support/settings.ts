import type { UpdatePrivacySettingsRequest } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  DefaultDisappearingTimer,
  GroupAddPermission,
  LastSeenVisibility,
  MessagesPermission,
  OnlineVisibility,
  PrivacySetting,
  type PrivacySettings,
  ProfileVisibility,
  ReadReceiptsMode,
  StatusVisibility,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Phone } from '../../../src/simulator/index.js';

/*
 * What can be set, in WhatsApp's names and from the widest audience to the narrowest, as the reference has it. Written
 * down here again: the service is not judged by its own table.
 */

type Row = {
  readonly setting: PrivacySetting;
  readonly group: 'visibility' | 'privacy' | 'permissions';
  readonly field: string;
  readonly audiences: readonly string[];
  /** The number of each value, under its name in capitals. */
  readonly numbers: object;
};

const FOUR = ['all', 'contacts', 'contact_blacklist', 'none'];

const TABLE = {
  last: {
    setting: PrivacySetting.LAST_SEEN,
    group: 'visibility',
    field: 'lastSeen',
    audiences: FOUR,
    numbers: LastSeenVisibility,
  },
  status: {
    setting: PrivacySetting.STATUS,
    group: 'visibility',
    field: 'status',
    audiences: FOUR,
    numbers: StatusVisibility,
  },
  profile: {
    setting: PrivacySetting.PROFILE,
    group: 'visibility',
    field: 'profile',
    audiences: FOUR,
    numbers: ProfileVisibility,
  },
  online: {
    setting: PrivacySetting.ONLINE,
    group: 'visibility',
    field: 'online',
    audiences: ['all', 'match_last_seen'],
    numbers: OnlineVisibility,
  },
  readreceipts: {
    setting: PrivacySetting.READ_RECEIPTS,
    group: 'privacy',
    field: 'readReceipts',
    audiences: ['all', 'none'],
    numbers: ReadReceiptsMode,
  },
  disappearing_mode: {
    setting: PrivacySetting.DEFAULT_DISAPPEARING_TIMER,
    group: 'privacy',
    field: 'defaultDisappearingTimer',
    audiences: ['0', '7776000', '604800', '86400'],
    numbers: {
      '0': DefaultDisappearingTimer.OFF,
      '86400': DefaultDisappearingTimer.ONE_DAY,
      '604800': DefaultDisappearingTimer.SEVEN_DAYS,
      '7776000': DefaultDisappearingTimer.NINETY_DAYS,
    },
  },
  calladd: {
    setting: PrivacySetting.CALL_ADD,
    group: 'permissions',
    field: 'callAdd',
    audiences: ['all', 'known'],
    numbers: CallAddPermission,
  },
  groupadd: {
    setting: PrivacySetting.GROUP_ADD,
    group: 'permissions',
    field: 'groupAdd',
    audiences: ['all', 'contacts', 'contact_blacklist'],
    numbers: GroupAddPermission,
  },
  messages: {
    setting: PrivacySetting.MESSAGES,
    group: 'permissions',
    field: 'messages',
    audiences: ['all', 'contacts'],
    numbers: MessagesPermission,
  },
} as const satisfies Record<string, Row>;

export type Category = keyof typeof TABLE;
export const CATEGORIES = Object.keys(TABLE) as Category[];
/** Values by category. */
export type Values = { readonly [C in Category]?: string };

const row = (category: Category): Row => TABLE[category];

export const audiencesOf = (category: Category): readonly string[] => row(category).audiences;
/** 0 for the widest audience. */
export const rank = (category: Category, value: string): number => audiencesOf(category).indexOf(value);
export const isCategory = (name: string): name is Category => name in TABLE;
export const categoryOf = (setting: PrivacySetting): Category | undefined =>
  CATEGORIES.find(category => row(category).setting === setting);
export const wished = (values: Values): Category[] =>
  CATEGORIES.filter(category => values[category] !== undefined);

type Groups = Pick<UpdatePrivacySettingsRequest, Row['group']>;

/** The part of an update that asks for these values. */
export function requestOf(values: Values): Partial<Groups> {
  const groups: Record<string, Record<string, number>> = {};
  for (const category of wished(values)) {
    const { group, field, numbers } = row(category);
    const number = Object.entries(numbers).find(([name]) => name.toLowerCase() === values[category])?.[1];
    groups[group] = { ...groups[group], [field]: number };
  }
  return groups as Partial<Groups>; // The table has the names of the fields.
}

/** The values an answer tells; what has no named value is left out. */
export function valuesOf(settings: PrivacySettings): Values {
  const values = CATEGORIES.flatMap(category => {
    const { group, field, numbers } = row(category);
    const number = Object.entries({ ...settings[group] }).find(([name]) => name === field)?.[1];
    const name = Object.entries(numbers).find(([, each]) => each === number)?.[0];
    return name === undefined ? [] : [[category, name.toLowerCase()]];
  });
  return Object.fromEntries(values);
}

/** What the account has. */
export const settingsOf = (phone: Phone): Values => {
  const all: Record<string, string> = {
    ...phone.settings(),
    disappearing_mode: String(phone.disappearingMode()),
  };
  return Object.fromEntries(CATEGORIES.map(category => [category, all[category]]));
};

/** Whom each category excepts while its value is contact_blacklist. */
export const listsOf = (phone: Phone): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    CATEGORIES.map(category => [
      category,
      phone.contactList(category).contacts.map(({ phoneNumber }) => phoneNumber),
    ]),
  );

/** Changes settings in the phone's menus; `excepting` are the contacts of what becomes contact_blacklist. */
export function setOnPhone(phone: Phone, values: Values, excepting: readonly string[] = []): void {
  for (const [category, value] of Object.entries(values)) {
    if (category === 'disappearing_mode') phone.setDisappearingMode(Number(value));
    else if (value === 'contact_blacklist') phone.exceptContacts(category, excepting);
    else phone.setPrivacy(category, value);
  }
}
