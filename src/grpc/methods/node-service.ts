import {
  type NodeServiceServer,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { NamesOf, Same } from '../../contract/enum-names.js';
import { slotOf, slots } from '../../domain/slots.js';
import { ageInDays, type VersionSource, versionText } from '../../domain/version/client-version.js';
import type { ClientRefusals } from '../../instances/connecting/client-refusals.js';
import type { ClientVersions } from '../../instances/ports/client-version.js';
import type { Stream } from '../calls/stream.js';
import type { Unary } from '../calls/unary.js';

true satisfies Same<VersionSource, NamesOf<typeof Source>>;

/** A backup as a file, part by part. */
export type BackUp = (signal: AbortSignal) => AsyncIterable<Buffer>;

/** The methods of NodeService; `now` is in epoch milliseconds. */
export function nodeService(options: {
  readonly versions: Pick<ClientVersions, 'status'>;
  readonly refusals: Pick<ClientRefusals, 'isRefused'>;
  readonly backUp: BackUp;
  /** How many at once. */
  readonly backups: number;
  readonly one: Unary;
  readonly many: Stream;
  readonly now: () => number;
}): NodeServiceServer {
  const { versions, refusals, backUp, backups, one, many, now } = options;
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
