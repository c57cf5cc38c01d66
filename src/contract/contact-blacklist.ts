import {
  type BlacklistEntry,
  ContactBlacklistSetting,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type ContactId, isLid, LIST_SETTINGS, type ListSetting } from '../domain/settings/contact-list.js';
import type { NamesOf, Same } from './enum-names.js';

// The table and the contract have the same lists.
true satisfies Same<Uppercase<ListSetting>, NamesOf<typeof ContactBlacklistSetting>>;

/** The number of a setting that has a list. */
export const encodeListSetting = (setting: ListSetting): ContactBlacklistSetting =>
  ContactBlacklistSetting[setting.toUpperCase() as Uppercase<ListSetting>];

/** The setting of a number; undefined for UNSPECIFIED and for a number newer than this build. */
export const decodeListSetting = (number: number): ListSetting | undefined =>
  LIST_SETTINGS.find(setting => encodeListSetting(setting) === number);

export const encodeEntry = (id: ContactId): BlacklistEntry => ({
  id: { $case: isLid(id) ? 'lid' : 'phoneNumber', value: id },
});

/** The id as it was sent; undefined when none was. */
export const decodeEntry = ({ id }: BlacklistEntry): ContactId | undefined => id?.value;
