import type {
  WatchPrivacySettingsRequest,
  WatchPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeSetting } from '../../../contract/setting-enums.js';
import { MOST_INSTANCES } from '../../../contract/sizes.js';
import type { Instances } from '../../../instances/instances.js';
import type { WatchEvent } from '../../../instances/watching/watch-reader.js';
import type { Call } from '../../calls/handler.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept } from '../../messages/checked.js';
import { encodeSnapshot } from '../../messages/codec.js';
import { encodeOrigin, encodeReason } from '../../messages/enums.js';
import { startAfter as checkedStart, encodeChange } from '../../messages/history-codec.js';
import { selectionOf } from '../../messages/selection.js';
import * as check from '../../messages/validate.js';

const HEARTBEAT_MS = 30_000;
const HEARTBEAT = { leastMs: 5_000, mostMs: 600_000, inWords: '5 s to 10 min' };

type WatchOrder = ReturnType<typeof decodeWatch>;

export function decodeWatch(request: WatchPrivacySettingsRequest) {
  const { instances, heartbeatInterval, labelSelector, startAfter } = request;
  const { heartbeatMs = HEARTBEAT_MS, ...order } = accept({
    instances: check.instanceNames('instances', instances, { least: 0, most: MOST_INSTANCES }),
    selector: checkLabels.inPlaceOfNames(labelSelector, instances),
    heartbeatMs: check.durationWithin('heartbeat_interval', heartbeatInterval, HEARTBEAT),
    startAfter: checkedStart(startAfter),
  });
  return { ...order, heartbeatMs };
}

/** Watches the instances that are named, or else all that the token covers, while they match. */
export const watch = (instances: Instances) =>
  async function* (
    { instances: named, selector, heartbeatMs, startAfter }: WatchOrder,
    { principal, options }: Call,
  ): AsyncGenerator<WatchEvent> {
    const selection = selectionOf(principal, selector, named);
    const query = { selection, isAccount: principal.kind === 'ACCOUNT' };
    const history = startAfter === undefined ? undefined : { query, startAfter };
    yield* instances.watch(selection, heartbeatMs, options.signal, history);
  };

export function encodeWatchEvent(event: WatchEvent): WatchPrivacySettingsResponse {
  switch (event.kind) {
    case 'heartbeat':
      return { instance: '', event: { $case: 'heartbeat', value: {} } };
    case 'unmatched':
      return { instance: event.instance, event: { $case: 'unmatched', value: {} } };
    case 'recorded': {
      const { change } = event;
      return { instance: change.instance, event: { $case: 'recorded', value: encodeChange(change) } };
    }
    case 'snapshot':
      return {
        instance: event.instance,
        event: { $case: 'snapshot', value: encodeSnapshot(event.settings) },
      };
    case 'change': {
      const { instance, changed, settings, origin } = event;
      const value = {
        changed: changed.map(encodeSetting),
        settings: encodeSnapshot(settings),
        origin: encodeOrigin(origin),
      };
      return { instance, event: { $case: 'change', value } };
    }
    case 'unavailable': {
      const { instance, reason, message } = event;
      return { instance, event: { $case: 'unavailable', value: { reason: encodeReason(reason), message } } };
    }
  }
}
