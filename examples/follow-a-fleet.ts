// Follows the settings of every instance that the token covers, whoever changes them, until it is interrupted.
//
//   WA_PRIVACY_TOKEN=… node dist/examples/follow-a-fleet.js
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  ErrorReason,
  Origin,
  PrivacyServiceClient,
  PrivacySetting,
  WatchPrivacySettingsRequest,
  type WatchPrivacySettingsResponse,
} from 'wa-privacy/client';

const address = process.env['WA_PRIVACY_SERVER'] ?? '127.0.0.1:50051';
const client = new PrivacyServiceClient(
  address,
  credentials.createInsecure(), // createSsl() where it serves TLS
  { 'grpc.keepalive_time_ms': 30_000 }, // Finds a dead connection. Behind a proxy, miss the heartbeats instead.
);
const metadata = new Metadata();
metadata.set('authorization', `Bearer ${process.env['WA_PRIVACY_TOKEN']}`);
/** No names: all instances, those made later included. */
const request = WatchPrivacySettingsRequest.fromPartial({});

/** Undefined for what nobody needs to hear of. */
function told({ instance, event }: WatchPrivacySettingsResponse): string | undefined {
  switch (event?.$case) {
    case 'snapshot': // First, and after each gap: compare it with what you have.
      return `${instance}: has the etag ${event.value.etag}`;
    case 'change': {
      const changed = event.value.changed.map(setting => PrivacySetting[setting]).join(', ');
      return `${instance}: ${changed} changed by ${Origin[event.value.origin]}`;
    }
    case 'unavailable':
      return `${instance}: ${ErrorReason[event.value.reason]}, ${event.value.message}`;
    default:
      return undefined;
  }
}

// A stream ends when the service restarts, or moves its callers elsewhere. What was missed meanwhile is in the next
// snapshots, so calling again is all there is to do.
for (;;) {
  try {
    for await (const message of client.watchPrivacySettings(request, metadata)) {
      const line = told(message);
      if (line !== undefined) console.log(line);
    }
  } catch (error) {
    const { code, details } = error as ServiceError;
    console.log(`${status[code]}: ${details}`);
    if (code !== status.UNAVAILABLE) break;
  }
  await sleep(1_000);
}
client.close();
process.exitCode = 1;
