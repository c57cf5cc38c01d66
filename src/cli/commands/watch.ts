import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Command } from 'commander';
import { ErrorReason } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Origin,
  PrivacyServiceService,
  WatchPrivacySettingsResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacySettings } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { reasonOf, retryDelayMsOf } from '../../client/failures.js';
import { decodeSetting } from '../../contract/setting-enums.js';
import { SETTING_NAMES, type Setting } from '../../domain/settings/settings-table.js';
import { isServiceError } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { SELECTOR_FLAG, SELECTOR_MEANING } from '../client/label-flags.js';
import { parseDuration, toDuration } from '../terminal/duration.js';
import { plain, toJson } from '../terminal/output.js';
import { parseId } from '../terminal/parse-id.js';
import { authorText, outcomeText, subjectText, valuesText } from '../texts/history-text.js';
import { valueText } from '../texts/settings-text.js';

type Flags = { readonly heartbeat?: number; readonly selector?: string; readonly startAfter?: bigint };

/** How often to look whether a service that has gone is back. */
const AGAIN_MS = 1000;

/** Adds `privacy watch`. */
export function addWatchCommand(privacy: Command): void {
  clientCommand<Flags>(
    privacy,
    'watch [name...]',
    'Show settings and every change of them, of all instances when none is named, until Ctrl-C',
    watch,
  )
    .option('--heartbeat <duration>', 'how long the service may be silent, 5s to 10m', parseDuration)
    .option(SELECTOR_FLAG, `in place of names, ${SELECTOR_MEANING}`)
    .option('--start-after <id>', 'show the history too, from behind the entry with this id or 0', parseId);
}

async function watch({ api, output, args, flags }: Run<Flags>) {
  const { heartbeat, selector = '', startAfter } = flags;
  const heartbeatInterval = heartbeat === undefined ? undefined : toDuration(heartbeat);
  let request = { instances: [...args], heartbeatInterval, labelSelector: selector, startAfter };
  let hasBegun = false;
  for (;;) {
    const beganAt = performance.now();
    try {
      for await (const response of api.stream(PrivacyServiceService.watchPrivacySettings, request)) {
        hasBegun = true;
        if (response.event?.$case === 'recorded')
          request = { ...request, startAfter: response.event.value.id };
        const isQuiet = response.event?.$case === 'heartbeat' && !output.json;
        if (!isQuiet) output.print(toJson(WatchPrivacySettingsResponse, response), () => line(response));
      }
      // It has lasted as long as one may. A service that ends it at once is not called again and again.
      await sleep(Math.max(beganAt + AGAIN_MS - performance.now(), 0));
    } catch (error) {
      await sleep(pauseMs(error, hasBegun));
    }
  }
}

/** How long to wait before calling again, when the service asks for that or has gone; throws any other error. */
function pauseMs(error: unknown, hasBegun: boolean): number {
  if (!isServiceError(error)) throw error;
  const reason = reasonOf(error);
  // An error without a reason is not the service's own: the connection broke, or none could be made.
  const isGone = hasBegun && reason === undefined && error.code === status.UNAVAILABLE;
  if (reason !== 'SHUTTING_DOWN' && !isGone) throw error;
  return retryDelayMsOf(error) ?? AGAIN_MS;
}

const line = (response: WatchPrivacySettingsResponse): string =>
  `${new Date().toISOString()}  ${eventText(response)}`;

/** An event in a line. */
export const eventText = ({ instance, event }: WatchPrivacySettingsResponse): string =>
  plain(`${instance}  ${textOf(event)}`);

function textOf(event: WatchPrivacySettingsResponse['event']): string {
  switch (event?.$case) {
    case 'snapshot':
      return `is now: ${values(event.value, SETTING_NAMES)}`;
    case 'change': {
      const { changed, settings, origin } = event.value;
      const names = changed.flatMap(number => decodeSetting(number) ?? []);
      return `${BY[origin] ?? BY[Origin.UNSPECIFIED]}: ${(settings && values(settings, names)) || 'other categories'}`;
    }
    case 'recorded': {
      const { value } = event;
      const what = [subjectText(value), valuesText(value), outcomeText(value)].filter(Boolean).join(' ');
      return `history ${value.id}: ${what}, by ${authorText(value)}`;
    }
    case 'unavailable': {
      const { reason, message } = event.value;
      return `cannot be followed: ${ErrorReason[reason] ?? `number ${reason}`}: ${message}`;
    }
    case 'unmatched':
      return 'is no longer watched: its labels have changed';
    default:
      return 'an event that this version does not know';
  }
}

const BY: Readonly<Record<Origin, string>> = {
  [Origin.THIS_SERVICE]: 'changed by this service',
  [Origin.OTHER_DEVICE]: 'changed by another device',
  [Origin.UNSPECIFIED]: 'changed',
};

const values = (settings: PrivacySettings, names: readonly Setting[]): string =>
  names
    .flatMap(setting => {
      const value = valueText(settings, setting);
      return value === undefined ? [] : [`${setting}=${value}`];
    })
    .join(' ');
