import {
  type NodeServiceServer,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { Nodes } from '../../../cluster/ports.js';
import type { NamesOf, Same } from '../../../contract/enum-names.js';
import { slotOf, slots } from '../../../domain/slots.js';
import { ageInDays, type VersionSource, versionText } from '../../../domain/version/client-version.js';
import type { ClientRefusals } from '../../../instances/connecting/client-refusals.js';
import type { ClientVersions } from '../../../instances/ports/client-version.js';
import type { Stream } from '../../calls/stream.js';
import type { Unary } from '../../calls/unary.js';
import type { PageOf } from '../../messages/page-tokens.js';
import { decodeDrain, decodeListLeases, encodeLease, encodeNode } from './node-codec.js';
import { encodeServer, type ServerInfo } from './server-info.js';

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
  readonly server: ServerInfo;
  readonly nodes: Nodes;
  readonly one: Unary;
  readonly many: Stream;
  readonly pageOf: PageOf;
  readonly now: () => number;
}): NodeServiceServer {
  const { versions, refusals, backUp, backups, server, nodes, one, many, pageOf, now } = options;
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
      handle: () => encodeServer(server, versionText(versions.status().announced), nodes),
    }),

    downloadBackup: many({
      decode: () => ({}),
      async *handle(_, { options: { signal } }) {
        using _place = slotOf(free('node'), { limit: backups, subject: 'node', unit: 'backups' });
        yield* backUp(signal);
      },
      encode: data => ({ data }),
    }),

    listNodes: one({
      decode: () => ({}),
      async handle() {
        const { nodes: known, freeInstances } = await nodes.list();
        const { id: self } = nodes.self();
        return { nodes: known.map(node => encodeNode(node, self)), freeInstances };
      },
    }),

    listLeases: one({
      decode: decodeListLeases(pageOf),
      async handle({ page: { after = '', limit, tokenAfter } }) {
        const leases = await nodes.leasesAfter(after, limit + 1);
        const shown = leases.slice(0, limit);
        return {
          leases: shown.map(encodeLease),
          nextPageToken: tokenAfter(leases.length > limit ? shown.at(-1)?.instance : undefined),
        };
      },
    }),

    drainNode: one({
      decode: decodeDrain,
      handle: async ({ id, isDraining }) => ({
        node: encodeNode(await nodes.setDraining(id, isDraining), nodes.self().id),
      }),
    }),
  };
}
