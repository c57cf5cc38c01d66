import {
  GetServerInfoResponse_Feature as Feature,
  type GetServerInfoResponse,
  type NodeServiceServer,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { NamesOf, Same } from '../../contract/enum-names.js';
import { LARGEST_MESSAGE } from '../../contract/sizes.js';
import { slotOf, slots } from '../../domain/slots.js';
import { ageInDays, type VersionSource, versionText } from '../../domain/version/client-version.js';
import type { ClientRefusals } from '../../instances/connecting/client-refusals.js';
import type { ClientVersions } from '../../instances/ports/client-version.js';
import type { Stream } from '../calls/stream.js';
import type { Unary } from '../calls/unary.js';
import { encodeDuration } from '../messages/codec.js';
import { LONGEST_CALL_MS, USUAL_DEADLINES } from '../method.js';

true satisfies Same<VersionSource, NamesOf<typeof Source>>;

/** A backup as a file, part by part. */
export type BackUp = (signal: AbortSignal) => AsyncIterable<Buffer>;

/** What callers are told of a server. */
export type ServerInfo = {
  readonly version: string;
  readonly features: readonly NamesOf<typeof Feature>[];
  readonly callsPerMinute: number;
  readonly openStreams: number;
  /** Undefined for as long as their instance. */
  readonly historyMs: number | undefined;
};

function encodeServer(server: ServerInfo, whatsappVersion: string): GetServerInfoResponse {
  const { version, features, callsPerMinute, openStreams, historyMs } = server;
  return {
    version,
    whatsappVersion,
    features: features.map(feature => Feature[feature]),
    limits: {
      callsPerMinute,
      openStreams,
      requestBytes: LARGEST_MESSAGE,
      usualDeadline: encodeDuration(USUAL_DEADLINES.defaultMs),
      longestDeadline: encodeDuration(USUAL_DEADLINES.maximumMs),
      watchDuration: encodeDuration(LONGEST_CALL_MS),
      historyRetention: historyMs === undefined ? undefined : encodeDuration(historyMs),
    },
  };
}

/** The methods of NodeService; `now` is in epoch milliseconds. */
export function nodeService(options: {
  readonly versions: Pick<ClientVersions, 'status'>;
  readonly refusals: Pick<ClientRefusals, 'isRefused'>;
  readonly backUp: BackUp;
  /** How many at once. */
  readonly backups: number;
  readonly server: ServerInfo;
  readonly one: Unary;
  readonly many: Stream;
  readonly now: () => number;
}): NodeServiceServer {
  const { versions, refusals, backUp, backups, server, one, many, now } = options;
  const free = slots(backups);
  return {
    getWhatsAppVersion: one({
      decode: () => ({}),
      handle() {
        const { announced, expireTime, fetched } = versions.status();
        return {
          version: versionText(announced),
          source: Source[announced.source],
          releaseTime: announced.releasedAt,
          ageDays: ageInDays(announced, new Date(now())),
          expireTime,
          fetchedVersion: fetched ? versionText(fetched) : '',
          fetchTime: fetched?.time,
          refused: refusals.isRefused(),
        };
      },
    }),

    getServerInfo: one({
      decode: () => ({}),
      handle: () => encodeServer(server, versionText(versions.status().announced)),
    }),

    downloadBackup: many({
      decode: () => ({}),
      async *handle(_, { options: { signal } }) {
        using _place = slotOf(free('node'), { limit: backups, subject: 'node', unit: 'backups' });
        yield* backUp(signal);
      },
      encode: data => ({ data }),
    }),
  };
}
