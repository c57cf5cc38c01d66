import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService } from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { TokenServiceService } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { ApplyLog, RequestLog } from '../../access/ports.js';
import type { Tokens } from '../../access/tokens.js';
import type { Nodes } from '../../cluster/ports.js';
import type { ClientRefusals } from '../../instances/connecting/client-refusals.js';
import type { Instances } from '../../instances/instances.js';
import type { ClientVersions } from '../../instances/ports/client-version.js';
import type { Certificates } from '../../tls/certificates.js';
import type { CallSlots } from '../calls/call-slots.js';
import { idempotent } from '../calls/idempotent.js';
import { passingBytes, readingRequests } from '../calls/reading.js';
import type { Stream } from '../calls/stream.js';
import type { Unary } from '../calls/unary.js';
import type { ApiEvents } from '../errors/api-events.js';
import { innerStatuses } from '../errors/statuses.js';
import type { NodeOptions } from '../hops/node-options.js';
import { pageTokens } from '../messages/page-tokens.js';
import type { Fleet } from './fleet/fleet.js';
import { instanceService } from './instances/instance-service.js';
import { type BackUp, nodeService } from './nodes/node-service.js';
import type { ServerInfo } from './nodes/server-info.js';
import { applyRecords } from './privacy/apply-records.js';
import { blacklistPages } from './privacy/blacklist-pages.js';
import { privacyDefinition, privacyService } from './privacy/privacy-service.js';
import { tokenService } from './tokens/token-service.js';

/** What the services are made of. */
export type ServiceOptions = {
  readonly instances: Instances;
  readonly tokens: Tokens;
  readonly requestLog: RequestLog;
  readonly applyLog: ApplyLog;
  /** Seals page tokens. */
  readonly pageTokenKey: Buffer;
  readonly versions: Pick<ClientVersions, 'status'>;
  readonly refusals: ClientRefusals;
  readonly backUp: BackUp;
  readonly nodes: Nodes;
  /** Of this service. */
  readonly version: string;
  /** How long changes stay in the history; undefined for as long as their instance. */
  readonly historyMs: number | undefined;
  readonly events: ApiEvents;
  readonly limits: {
    /** Calls of one token. */
    readonly callsPerMinute: number;
    /** Streams of one method that one token may have open. */
    readonly openStreams: number;
    /** DownloadBackup calls at the same time, of all tokens. */
    readonly backups: number;
  };
  /** Undefined for plaintext. */
  readonly tls: Certificates | undefined;
  /** Who may ask for it. */
  readonly reflection: 'anybody' | 'with_token' | 'nobody';
  /** Undefined for one that has the store alone. */
  readonly cluster?: NodeOptions | undefined;
};

type Service = readonly [ServiceDefinition, UntypedServiceImplementation];

/** The services, with what they share whoever calls them. */
export function services(options: ServiceOptions, now: () => number) {
  const { instances, tokens, requestLog, versions, refusals, backUp, nodes, events, limits } = options;
  const answerOnce = idempotent(requestLog, events, now);
  const records = applyRecords(options.applyLog, events, now);
  const pageOf = pageTokens(options.pageTokenKey);
  const statusOf = innerStatuses(events, now);
  const lists = blacklistPages(instances);
  const server = serverInfo(options);
  const { backups } = limits;
  const reading = (definition: ServiceDefinition) => {
    const read = readingRequests(definition);
    return options.cluster ? passingBytes(read) : read;
  };

  return {
    /** Fulfils when what goes on without its caller has ended, or the signal aborts. */
    finished: records.finished,

    /** For those who call in this way. */
    of: (one: Unary, many: Stream, openLists: CallSlots, fleet: Fleet | undefined): readonly Service[] => [
      [
        reading(privacyDefinition),
        privacyService({
          instances,
          answerOnce,
          one,
          many,
          openLists,
          statusOf,
          pageOf,
          records,
          lists,
          fleet,
        }),
      ],
      [
        reading(InstanceServiceService),
        instanceService({ instances, tokens, answerOnce, one, many, statusOf, pageOf, fleet }),
      ],
      [reading(TokenServiceService), tokenService(tokens, answerOnce, one, pageOf, now)],
      [
        reading(NodeServiceService),
        nodeService({ versions, refusals, backUp, backups, server, nodes, one, many, pageOf, now }),
      ],
    ],
  };
}

const serverInfo = ({ version, historyMs, limits, reflection, tls }: ServiceOptions): ServerInfo => ({
  version,
  historyMs,
  callsPerMinute: limits.callsPerMinute,
  openStreams: limits.openStreams,
  features: [
    ...(reflection === 'nobody' ? [] : (['REFLECTION'] as const)),
    ...(tls?.clientCa === undefined ? [] : (['CLIENT_CERTIFICATES'] as const)),
  ],
});
