import type { UpdatePrivacySettingsRequest } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
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

/*
 * What can be set, in WhatsApp's names and from the widest audience to the narrowest, as the reference has it. Written
 * down here again: the service is not judged by its own table.
 */

type Row = {
  readonly setting: PrivacySetting;
  readonly group: 'visibility' | 'privacy' | 'permissions';
  readonly field: string;
  readonly audiences: readonly string[];
  /** Names in capitals to numbers and back, as the compiler makes an enum. */
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
  const values = CATEGORIES.map(category => {
    const { group, field, numbers } = row(category);
    const number = Object.entries({ ...settings[group] }).find(([name]) => name === field)?.[1];
    const name = Object.entries(numbers).find(([key]) => key === String(number))?.[1];
    return [category, typeof name === 'string' ? name.toLowerCase() : undefined];
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
