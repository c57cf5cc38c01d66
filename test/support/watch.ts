import { ErrorReason } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Origin,
  PrivacyServiceService as Privacy,
  type WatchPrivacySettingsRequest,
  type WatchPrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySetting } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Caller, CallOptions } from './call.js';

/** Watches in the background and keeps what was heard. */
export function watch(
  client: Caller,
  request: Partial<WatchPrivacySettingsRequest>,
  options: Omit<CallOptions, 'signal'> = {},
) {
  const gone = new AbortController();
  const events: WatchPrivacySettingsResponse[] = [];
  const run = async () => {
    const stream = client.stream(Privacy.watchPrivacySettings, request, { ...options, signal: gone.signal });
    for await (const event of stream) events.push(event);
  };
  return {
    events,
    /** The events in short: `desk-1 snapshot`, `desk-1 OTHER_DEVICE LAST_SEEN`, `desk-1 INSTANCE_LOGGED_OUT`. */
    heard: () => events.map(inShort),
    leave: () => gone.abort(),
    /** Why it ended. */
    ended: run().catch((error: unknown) => error),
  };
}

export type Watching = ReturnType<typeof watch>;

/** An event in a few words. */
export function inShort({ instance, event }: WatchPrivacySettingsResponse): string {
  switch (event?.$case) {
    case 'change': {
      const { origin, changed } = event.value;
      return [instance, Origin[origin], ...changed.map(setting => PrivacySetting[setting])].join(' ');
    }
    case 'unavailable':
      return `${instance} ${ErrorReason[event.value.reason]}`;
    default:
      return `${instance} ${event?.$case}`.trim();
  }
}
