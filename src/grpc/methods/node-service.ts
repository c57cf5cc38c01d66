import {
  type NodeServiceServer,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { NamesOf, Same } from '../../contract/enum-names.js';
import { ageInDays, type VersionSource, versionText } from '../../domain/version/client-version.js';
import type { ClientRefusals } from '../../instances/connecting/client-refusals.js';
import type { ClientVersions } from '../../instances/ports/client-version.js';
import type { Unary } from '../calls/unary.js';

true satisfies Same<VersionSource, NamesOf<typeof Source>>;

/** The methods of NodeService; `now` is in epoch milliseconds. */
export const nodeService = (
  versions: Pick<ClientVersions, 'status'>,
  refusals: Pick<ClientRefusals, 'isRefused'>,
  one: Unary,
  now: () => number,
): NodeServiceServer => ({
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
});
