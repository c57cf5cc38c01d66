import type { Duration } from '../../../gen/ts/google/protobuf/duration.js';
import type { SettingOutcome } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { Instance as InstanceMessage } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { SettingDescription as SettingDescriptionMessage } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type {
  Permissions,
  Privacy,
  PrivacySettings,
  Visibility,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Token } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { TokenRecord } from '../../access/ports.js';
import { encodeSetting, encodeValue, valuesInOrder } from '../../contract/setting-enums.js';
import { type Instance, instanceEtag, maskPhoneNumber } from '../../domain/instance.js';
import { selectorText } from '../../domain/labels/selector.js';
import type { Outcome } from '../../domain/outcome.js';
import type { SettingDescription } from '../../domain/settings/describe.js';
import { memoize } from '../../domain/settings/memoize.js';
import {
  camelCase,
  SETTING_NAMES,
  type Setting,
  type SettingSpec,
  specOf,
} from '../../domain/settings/settings-table.js';
import { etagOf, type Snapshot } from '../../domain/settings/snapshot.js';
import {
  encodeConnectionMode,
  encodeInstanceState,
  encodeNotWritable,
  encodeOfflineQueue,
  encodeOutcomeState,
  encodePresence,
  encodeReason,
  encodeTokenAccess,
  encodeTokenKind,
} from './enums.js';

/** The part of a request or of a snapshot that holds the settings. */
export type SettingGroups = {
  readonly visibility: Visibility | undefined;
  readonly privacy: Privacy | undefined;
  readonly permissions: Permissions | undefined;
};

/** In milliseconds. */
export const decodeDuration = ({ seconds, nanos }: Duration): number => Number(seconds) * 1000 + nanos / 1e6;

/** Of milliseconds. */
export const encodeDuration = (ms: number): Duration => ({
  seconds: BigInt(Math.trunc(ms / 1000)),
  nanos: (ms % 1000) * 1e6,
});

/** The settings a request holds, as the numbers sent, in the order of the table. */
export const sentSettings = (groups: SettingGroups): { setting: Setting; number: number }[] =>
  SETTING_NAMES.flatMap(setting => {
    const group = groups[specOf(setting).group] as { [field: string]: number | undefined } | undefined;
    const number = group?.[camelCase(setting)];
    return number === undefined ? [] : [{ setting, number }];
  });

const encodeGroup = (group: SettingSpec['group'], { values }: Snapshot): { [field: string]: number } =>
  Object.fromEntries(
    SETTING_NAMES.filter(setting => specOf(setting).group === group).flatMap(setting => {
      const value = values[setting];
      const number = value === undefined ? undefined : encodeValue(setting, value);
      return number === undefined ? [] : [[camelCase(setting), number]];
    }),
  );

/** The message of a snapshot, made once; most reads of an account that does not change get the same. */
export const encodeSnapshot = memoize(
  (snapshot: Snapshot): PrivacySettings => ({
    visibility: encodeGroup('visibility', snapshot),
    privacy: encodeGroup('privacy', snapshot),
    permissions: encodeGroup('permissions', snapshot),
    categories: [...snapshot.categories],
    unreadableCategories: snapshot.unreadable.map(({ category, code, text }) => ({
      category,
      whatsappCode: code,
      whatsappText: text,
    })),
    observeTime: snapshot.observedAt,
    etag: etagOf(snapshot),
  }),
);

export const encodeOutcome = (outcome: Outcome): SettingOutcome => ({
  setting: encodeSetting(outcome.setting),
  state: encodeOutcomeState(outcome.state),
  reason: encodeReason(outcome.cause?.reason),
  message: outcome.cause?.message ?? '',
  whatsappCode: outcome.cause?.whatsappCode ?? 0,
  previousValue: outcome.previous ?? '',
  requestedValue: outcome.requested,
  resendCount: outcome.resends ?? 0,
});

/** In the order of PrivacySetting. */
export const encodeOutcomes = (outcomes: readonly Outcome[]): SettingOutcome[] =>
  outcomes.map(encodeOutcome).sort((a, b) => a.setting - b.setting);

const encodeDescription = ({
  setting,
  reported,
  notWritable,
}: SettingDescription): SettingDescriptionMessage => ({
  setting: encodeSetting(setting),
  reported,
  writable: notWritable === undefined,
  notWritableReason: encodeNotWritable(notWritable),
  allowedValues: valuesInOrder(setting),
});

/** In the order of PrivacySetting. */
export const encodeDescriptions = (descriptions: readonly SettingDescription[]) =>
  descriptions.map(encodeDescription).sort((a, b) => a.setting - b.setting);

export const encodeInstance = (instance: Instance): InstanceMessage => ({
  name: instance.name,
  displayName: instance.displayName,
  state: encodeInstanceState(instance.state),
  stateReason: instance.stateReason,
  maskedPhoneNumber: maskPhoneNumber(instance.phoneNumber),
  createTime: instance.createTime,
  linkTime: instance.linkTime,
  lastConnectTime: instance.lastConnectTime,
  nextAttemptTime: instance.nextAttemptTime,
  etag: instanceEtag(instance),
  connectionMode: encodeConnectionMode(instance.connectionMode),
  proxy: instance.proxy,
  offlineQueue: encodeOfflineQueue(instance.offlineQueue),
  lastPresenceTime: instance.lastPresenceTime,
  presence: encodePresence(instance.presence),
  labels: instance.labels,
});

export const encodeToken = (token: Omit<TokenRecord, 'digest'>): Token => ({
  id: token.id,
  kind: encodeTokenKind(token.kind),
  instance: token.instance ?? '',
  labelSelector: token.selector ? selectorText(token.selector) : '',
  access: encodeTokenAccess(token.access),
  displayName: token.displayName,
  createTime: token.createTime,
  expireTime: token.expireTime,
  lastUseTime: token.lastUseTime,
  certificateSubject: token.certificateSubject ?? '',
});
