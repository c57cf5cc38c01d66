import { SETTING_NAMES, type Setting, specOf } from './settings-table.js';
import { isLocked, isReported, type Snapshot } from './snapshot.js';

/** Why a setting cannot be changed now. */
export type NotWritableReason = 'READ_ONLY' | 'NOT_REPORTED' | 'LOCKED_BY_DEFENSE';

/** What can be done with one setting of an account. */
export type SettingDescription = {
  readonly setting: Setting;
  readonly reported: boolean;
  /** Undefined when an update may change it. */
  readonly notWritable: NotWritableReason | undefined;
};

/** What can be done with each setting, in the order of the table. */
export const describeSettings = (snapshot: Snapshot): SettingDescription[] =>
  SETTING_NAMES.map(setting => ({
    setting,
    reported: isReported(snapshot, setting),
    notWritable: notWritable(snapshot, setting),
  }));

/** Of several reasons the one for which an update would be refused. */
function notWritable(snapshot: Snapshot, setting: Setting): NotWritableReason | undefined {
  if (specOf(setting).access === 'read_only') return 'READ_ONLY';
  if (!isReported(snapshot, setting)) return 'NOT_REPORTED';
  return isLocked(snapshot, setting) ? 'LOCKED_BY_DEFENSE' : undefined;
}
