import {
  ErrorReason,
  type SettingOutcome,
  SettingOutcome_State,
} from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { PrivacySettings } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { EXCEPTING } from '../../domain/settings/contact-list.js';
import {
  SETTING_NAMES,
  type Setting,
  settingOfCategory,
  specOf,
} from '../../domain/settings/settings-table.js';
import { fields, table } from '../terminal/output.js';
import { settingName, valueIn } from './setting-values.js';

/** All settings of an account, and what it reported besides. */
export function settingsText(settings: PrivacySettings): string {
  const rows = SETTING_NAMES.map(setting => [
    setting,
    valueText(settings, setting) ?? '–',
    specOf(setting).meaning,
  ]);
  const others = inOwnWords(settings)
    .filter(({ category }) => settingOfCategory(category) === undefined)
    .map(({ category, text }) => [category, text, 'A category without a name in this version']);
  return [
    table(['setting', 'value', 'meaning'], [...rows, ...others]),
    fields([
      ['observed', settings.observeTime?.toISOString()],
      ['etag', settings.etag],
    ]),
  ].join('\n');
}

/** The value of a setting, also one without a name or one that could not be read; undefined when not reported. */
export const valueText = (settings: PrivacySettings, setting: Setting): string | undefined =>
  inOwnWords(settings).find(({ category }) => settingOfCategory(category) === setting)?.text ??
  valueIn(settings, setting);

/** The categories as WhatsApp has them, which also a newer server does not take for numbers without a name here. */
const inOwnWords = (settings: PrivacySettings): { category: string; text: string }[] => [
  ...settings.categories.map(({ category, value }) => ({ category, text: value })),
  ...settings.unreadableCategories.map(({ category, whatsappCode, whatsappText }) => ({
    category,
    text: `unreadable (${[whatsappCode || '', whatsappText].join(' ').trim() || 'error'})`,
  })),
];

/** A change in short: `all → none`. A setting that changed to what it was has another list of contacts now. */
export function changeText({
  state,
  previousValue: from,
  requestedValue: to,
}: Pick<SettingOutcome, 'state' | 'previousValue' | 'requestedValue'>): string {
  const isOfList = from === to && from === EXCEPTING && state !== SettingOutcome_State.UNCHANGED;
  return isOfList ? `${to}, another list` : `${from || '–'} → ${to}`;
}

/** What became of each setting of an update. */
export const outcomesTable = (outcomes: readonly SettingOutcome[]): string =>
  table(
    ['setting', 'outcome', 'change', 'reason'],
    outcomes.map(outcome => [
      settingName(outcome.setting),
      SettingOutcome_State[outcome.state] ?? `number ${outcome.state}`,
      changeText(outcome),
      reasonText(outcome),
    ]),
  );

const reasonText = ({ reason, message }: SettingOutcome): string =>
  [reason === ErrorReason.UNSPECIFIED ? '' : (ErrorReason[reason] ?? `number ${reason}`), message]
    .filter(Boolean)
    .join(': ');
