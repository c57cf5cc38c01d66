import { SettingOutcome_State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Origin,
  type PrivacyChange,
  PrivacyChange_Kind,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { settingName } from './setting-values.js';
import { changeText } from './settings-text.js';

/** What an entry of the history is about: its setting, or what was done with an instance or a token. */
export function subjectText({ kind, setting, tokenId }: PrivacyChange): string {
  if (kind === PrivacyChange_Kind.SETTING_CHANGED) return settingName(setting);
  if (kind === PrivacyChange_Kind.SETTING_RESOLVED) return `${settingName(setting)}, resolved`;
  const words = PrivacyChange_Kind[kind]?.toLowerCase().replaceAll('_', ' ') ?? `kind ${kind}`;
  return [words, tokenId].filter(Boolean).join(' ');
}

/** The values of an entry about a setting; empty for others. */
export const valuesText = ({ outcome, oldValue, newValue }: PrivacyChange): string =>
  outcome === SettingOutcome_State.UNSPECIFIED
    ? ''
    : changeText({ state: outcome, previousValue: oldValue, requestedValue: newValue });

/** How an entry about a setting ended; empty for others. */
export const outcomeText = ({ outcome, whatsappCode, resolvedOutcome, resendCount }: PrivacyChange): string =>
  [
    outcome === SettingOutcome_State.UNSPECIFIED ? '' : stateName(outcome),
    whatsappCode ? `(${whatsappCode})` : '',
    resendCount > 0 ? 'sent again' : '',
    resolvedOutcome === SettingOutcome_State.UNSPECIFIED ? '' : `→ ${stateName(resolvedOutcome)}`,
  ]
    .filter(Boolean)
    .join(' ');

const stateName = (state: SettingOutcome_State): string => SettingOutcome_State[state] ?? `number ${state}`;

/** Who did what an entry tells. */
export function authorText({ origin, actor }: PrivacyChange): string {
  if (actor) return `token ${actor.tokenId}${actor.tokenDisplayName && ` (${actor.tokenDisplayName})`}`;
  if (origin === Origin.THIS_SERVICE) return 'this service';
  return origin === Origin.OTHER_DEVICE ? 'another device' : 'not known';
}
