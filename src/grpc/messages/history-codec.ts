import { SettingOutcome_State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type ListPrivacyChangesRequest,
  Origin,
  originToJSON,
  type PrivacyChange,
  PrivacyChange_Kind,
  privacyChange_KindToJSON,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  PrivacySetting,
  privacySettingToJSON,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { decodeSetting, encodeSetting } from '../../contract/setting-enums.js';
import type { ChangeRecord } from '../../instances/ports/history.js';
import { type Checked, every, KEPT, type Parts, valid, violation } from './checked.js';
import { encodeChangeKind, encodeOrigin, encodeOutcomeState } from './enums.js';
import { requiredEnum, time, unnamed } from './validate.js';

export const encodeChange = ({ change, resolution, ...entry }: ChangeRecord): PrivacyChange => ({
  id: BigInt(entry.id),
  instance: entry.instance,
  changeTime: entry.time,
  kind: encodeChangeKind(entry.kind),
  actor: entry.actor && { tokenId: entry.actor.tokenId, tokenDisplayName: entry.actor.tokenDisplayName },
  origin: encodeOrigin(entry.origin),
  setting: change ? encodeSetting(change.setting) : PrivacySetting.UNSPECIFIED,
  oldValue: change?.oldValue ?? '',
  newValue: change?.newValue ?? '',
  outcome: change ? encodeOutcomeState(change.outcome) : SettingOutcome_State.UNSPECIFIED,
  requestId: entry.requestId,
  whatsappCode: change?.whatsappCode ?? 0,
  resolvedOutcome: resolution ? encodeOutcomeState(resolution.outcome) : SettingOutcome_State.UNSPECIFIED,
  resolveTime: resolution?.time,
  resolvedId: BigInt(entry.resolvedId ?? 0),
  tokenId: entry.tokenId,
  resendCount: change?.resends ?? 0,
});

/** The filters of a list; undefined where one takes all. */
export const historyFilter = (request: ListPrivacyChangesRequest) =>
  ({
    start: time('start_time', request.startTime),
    end: endOf(request),
    settings: anyOf('settings', request.settings, (field, number) => {
      const setting = decodeSetting(number);
      return setting === undefined
        ? unnamed(field, PrivacySetting, privacySettingToJSON, number)
        : valid(setting);
    }),
    origins: anyOf('origins', request.origins, (field, number) =>
      requiredEnum(field, Origin, originToJSON, number),
    ),
    kinds: anyOf('kinds', request.kinds, (field, number) =>
      requiredEnum(field, PrivacyChange_Kind, privacyChange_KindToJSON, number),
    ),
  }) satisfies Parts<object>;

function anyOf<Name>(
  field: string,
  numbers: readonly number[],
  check: (field: string, number: number) => Checked<Name>,
): Checked<Name[] | undefined> {
  if (numbers.length === 0) return KEPT;
  return every(numbers.map((number, index) => check(`${field}[${index}]`, number)));
}

function endOf({ startTime, endTime }: ListPrivacyChangesRequest): Checked<Date | undefined> {
  if (startTime && endTime && endTime < startTime)
    return violation('end_time', 'OUT_OF_RANGE', 'end_time must not be before start_time');
  return time('end_time', endTime);
}

/** The id of an entry that a caller has dealt with, or 0; undefined when it is absent. */
export function startAfter(id: bigint | undefined): Checked<number | undefined> {
  if (id === undefined) return KEPT;
  if (id >= 0n && id <= BigInt(Number.MAX_SAFE_INTEGER)) return valid(Number(id));
  return violation('start_after', 'OUT_OF_RANGE', 'start_after must be the id of an entry, or 0');
}
