// Follows the settings and the history of every instance that the token covers until it is interrupted; the history
// from behind the entry with this id, or from now on.
//
//   WA_PRIVACY_TOKEN=… node dist/examples/follow-a-fleet.js [id]
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  ErrorReason,
  ListPrivacyChangesRequest,
  type ListPrivacyChangesResponse,
  Origin,
  PrivacyChange_Kind,
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
/** Where to go on in the history: keep it where it outlives this program, and nothing is missed or told twice. */
let startAfter = process.argv[2] === undefined ? undefined : BigInt(process.argv[2]);

/** The id of the newest entry; 0 when there is none. */
async function newestId(): Promise<bigint> {
  const request = ListPrivacyChangesRequest.fromPartial({ pageSize: 1 });
  const { changes } = await new Promise<ListPrivacyChangesResponse>((resolve, reject) =>
    client.listPrivacyChanges(request, metadata, (error, page) => (error ? reject(error) : resolve(page))),
  );
  return changes[0]?.id ?? 0n;
}

/** Undefined for what nobody needs to hear of. */
function told({ instance, event }: WatchPrivacySettingsResponse): string | undefined {
  switch (event?.$case) {
    case 'snapshot': // First, and after each gap: compare it with what you have.
      return `${instance}: has the etag ${event.value.etag}`;
    case 'change': {
      const changed = event.value.changed.map(setting => PrivacySetting[setting]).join(', ');
      return `${instance}: ${changed} changed by ${Origin[event.value.origin]}`;
    }
    case 'recorded': {
      const { id, kind, actor } = event.value;
      return `${instance}: entry ${id}, ${PrivacyChange_Kind[kind]} by ${actor?.tokenDisplayName ?? 'no token'}`;
    }
    case 'unavailable':
      return `${instance}: ${ErrorReason[event.value.reason]}, ${event.value.message}`;
    default:
      return undefined;
  }
}

// A stream ends after half an hour, with OK, and when the service restarts. What was missed meanwhile is in the next
// snapshots, and in the history behind the last entry; so calling again is all there is to do.
for (;;) {
  try {
    startAfter ??= await newestId();
    // No names: all instances, those made later included.
    const request = WatchPrivacySettingsRequest.fromPartial({ startAfter });
    for await (const message of client.watchPrivacySettings(request, metadata)) {
      const line = told(message);
      if (line !== undefined) console.log(line);
      if (message.event?.$case === 'recorded') startAfter = message.event.value.id;
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
