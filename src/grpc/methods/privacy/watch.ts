import {
  WatchPrivacySettingsRequest,
  type WatchPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeSetting } from '../../../contract/setting-enums.js';
import { MOST_INSTANCES } from '../../../contract/sizes.js';
import { PrivacyError } from '../../../domain/errors.js';
import { matches } from '../../../domain/labels/selector.js';
import type { Instances } from '../../../instances/instances.js';
import type { Selection } from '../../../instances/ports/orders.js';
import type { WatchEvent } from '../../../instances/watching/watch-reader.js';
import { askedPart } from '../../calls/call-context.js';
import type { Call } from '../../calls/handler.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept } from '../../messages/checked.js';
import { encodeSnapshot } from '../../messages/codec.js';
import { encodeOrigin, encodeReason } from '../../messages/enums.js';
import { startAfter as checkedStart, encodeChange } from '../../messages/history-codec.js';
import { selectionOf } from '../../messages/selection.js';
import * as check from '../../messages/validate.js';
import type { Fleet } from '../fleet/fleet.js';
import { mergedWatch } from '../fleet/merged-watch.js';
import { encodeWords, wordsOf } from '../fleet/words.js';

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
  return { ...order, heartbeatMs, request };
}

/** Watches the instances that are named, or else all that the token covers, while they match. */
export const watch = (instances: Instances, fleet: Fleet | undefined) =>
  async function* (order: WatchOrder, call: Call): AsyncGenerator<Watched> {
    const { instances: named, selector, heartbeatMs, startAfter } = order;
    const { principal, options } = call;
    if (fleet && askedPart(call.context)) {
      yield* watchPart(instances, fleet, order, call);
      return;
    }
    const selection = selectionOf(principal, selector, named);
    const query = { selection, isAccount: principal.kind === 'ACCOUNT' };
    const history = startAfter === undefined ? undefined : { query, startAfter };
    if (fleet) yield* watchFleet(instances, fleet, { ...order, selection, history }, call);
    else yield* instances.watch(selection, heartbeatMs, options.signal, history);
  };

/** Of what another node watches, the instances that run here, in words between nodes. */
async function* watchPart(
  instances: Instances,
  { routing }: Fleet,
  { instances: named, selector, heartbeatMs }: WatchOrder,
  { principal, options: { signal } }: Call,
): AsyncGenerator<Buffer> {
  const present = named.filter(name => instances.labelsOf(name) !== undefined);
  if (named.length > 0 && present.length === 0) return; // No names would be all there are.
  const events = instances.watch(selectionOf(principal, selector, present), heartbeatMs, signal);
  for await (const words of wordsOf(messagesOf(events), routing)) yield encodeWords(words);
}

async function* messagesOf(events: AsyncIterable<WatchEvent>): AsyncGenerator<WatchPrivacySettingsResponse> {
  for await (const event of events) yield encodeWatchEvent(event);
}

type FleetOrder = Pick<WatchOrder, 'request' | 'heartbeatMs'> & {
  readonly selection: Selection;
  readonly history: Parameters<Instances['watch']>[3];
};

async function* watchFleet(
  instances: Instances,
  fleet: Fleet,
  { selection, history, heartbeatMs, request }: FleetOrder,
  call: Call,
): AsyncGenerator<WatchPrivacySettingsResponse> {
  const { names, selector } = selection;
  const labelsOf = (name: string) => instances.labelsOf(name);
  for (const name of names) {
    if (labelsOf(name) === undefined) await fleet.lookUp(name);
    if (labelsOf(name) === undefined) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: name });
  }
  const named = new Set(names);
  const watched = {
    exists: (name: string) => labelsOf(name) !== undefined,
    isWanted(name: string) {
      const labels = labelsOf(name);
      return selector.length === 0 || (labels !== undefined && matches(selector, labels));
    },
    isNamed: names.length > 0,
    names: () =>
      instances.select({ names: [], selector }).filter(name => named.size === 0 || named.has(name)),
    here: (signal: AbortSignal) =>
      wordsOf(messagesOf(instances.watch(selection, HEARTBEAT.mostMs, signal, history)), fleet.routing),
    bytes: WatchPrivacySettingsRequest.encode({ ...request, startAfter: undefined }).finish(),
    heartbeatMs,
  };
  yield* mergedWatch(fleet, watched, call);
}

/** What a watch tells: an event of this node, or what is ready to be sent. */
type Watched = WatchEvent | WatchPrivacySettingsResponse | Buffer;

/** The message; `stream` passes bytes on as they are. */
export const encodeWatched = (watched: Watched): WatchPrivacySettingsResponse =>
  'kind' in watched ? encodeWatchEvent(watched) : (watched as WatchPrivacySettingsResponse);

function encodeWatchEvent(event: WatchEvent): WatchPrivacySettingsResponse {
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
