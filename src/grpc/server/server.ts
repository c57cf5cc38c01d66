import { BlockList } from 'node:net';
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService } from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { TokenServiceService } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { ApplyLog, RequestLog } from '../../access/ports.js';
import type { Tokens } from '../../access/tokens.js';
import type { Nodes, Readiness } from '../../cluster/ports.js';
import { wallMs } from '../../domain/time/wall-time.js';
import type { ClientRefusals } from '../../instances/connecting/client-refusals.js';
import type { Instances } from '../../instances/instances.js';
import type { ClientVersions } from '../../instances/ports/client-version.js';
import { strangers } from '../../observability/strangers.js';
import type { Certificates } from '../../tls/certificates.js';
import { callSlots } from '../calls/call-slots.js';
import { idempotent } from '../calls/idempotent.js';
import { readingRequests } from '../calls/reading.js';
import { stream } from '../calls/stream.js';
import { unary } from '../calls/unary.js';
import type { ApiEvents } from '../errors/api-events.js';
import { answers, innerStatuses } from '../errors/statuses.js';
import type { NodeOptions } from '../hops/node-options.js';
import { type Check, everyCheck } from '../interceptors/admission.js';
import { anyToken, auth } from '../interceptors/auth.js';
import { bareFaults } from '../interceptors/bare-faults.js';
import { callGate } from '../interceptors/call-gate.js';
import { callLog } from '../interceptors/call-log.js';
import { failedTokens } from '../interceptors/failed-tokens.js';
import { tokenLimit } from '../interceptors/token-limit.js';
import { pageTokens } from '../messages/page-tokens.js';
import { instanceService } from '../methods/instances/instance-service.js';
import { type BackUp, nodeService } from '../methods/nodes/node-service.js';
import type { ServerInfo } from '../methods/nodes/server-info.js';
import { applyRecords } from '../methods/privacy/apply-records.js';
import { privacyDefinition, privacyService } from '../methods/privacy/privacy-service.js';
import { tokenService } from '../methods/tokens/token-service.js';
import { trustedHops } from '../peers/trusted-hops.js';
import { addReflection } from '../reflection/reflection.js';
import { boundConnections, type ConnectionLimits } from './connection-bounds.js';
import { addHealth, type HealthLimits } from './health.js';
import { drain, type Listening, listen, SERVER_OPTIONS, showCertificates } from './transport.js';

/** What the API is made of. */
export type GrpcServerOptions = {
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
  /** Undefined: as long as it serves. */
  readonly readiness?: Readiness | undefined;
  /** Of this service. */
  readonly version: string;
  /** How long changes stay in the history; undefined for as long as their instance. */
  readonly historyMs: number | undefined;
  readonly events: ApiEvents;
  readonly limits: {
    /** Calls of one token. */
    readonly callsPerMinute: number;
    /** CreateInstance calls of one token. */
    readonly createsPerMinute: number;
    /** BatchCreateInstances calls of one token. */
    readonly batchCreatesPerHour: number;
    /** Calls of one address with a token that is not good. */
    readonly failedTokensPerMinute: number;
    /** Streams of one method that one token may have open. */
    readonly openStreams: number;
    /** ListPrivacySettings calls of one token at the same time. */
    readonly openLists: number;
    /** DownloadBackup calls at the same time, of all tokens. */
    readonly backups: number;
  } & ConnectionLimits &
    HealthLimits & {
      /** Reflection questions of one address. */
      readonly questionsPerMinute: number;
    };
  /** The networks of hops that tell whose connections they pass on. */
  readonly trustedProxies?: BlockList | undefined;
  /** Undefined for plaintext. */
  readonly tls: Certificates | undefined;
  /** Who may ask for it. */
  readonly reflection: 'anybody' | 'with_token' | 'nobody';
  /** Undefined for one that has the store alone. */
  readonly cluster?: NodeOptions | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** The API, not yet listening. */
export function grpcServer(options: GrpcServerOptions) {
  const { instances, tokens, requestLog, versions, refusals, backUp, events, limits, now = wallMs } = options;
  const draining = new AbortController();
  const shuttingDown: Check = () => draining.signal.throwIfAborted();
  const answer = answers(events, now);
  const seen = strangers(events.strangersSeen);
  const connections = boundConnections(limits, trustedHops(options.trustedProxies ?? new BlockList()), seen);

  const byToken = auth(tokens, failedTokens(limits.failedTokensPerMinute));
  const authenticated: Check = (context, metadata) => {
    const lookUp = byToken(context, metadata);
    if (lookUp) connections.asked(context, lookUp);
    return lookUp;
  };
  const server = new Server({
    ...SERVER_OPTIONS,
    interceptors: [
      callGate({
        check: everyCheck([
          authenticated, // Before the limit, which counts by token.
          connections.known,
          tokenLimit(limits),
          shuttingDown, // Behind them, so that this refusal has the metadata of every other.
          connections.accepted,
        ]),
        answer,
        net: bareFaults(answer),
        log: callLog(events, seen),
        now,
      }),
      // Deadlines are for those who got this far: `unary` and `stream` set them.
    ],
  });

  const one = unary(answer, tokens, instances.labelsOf);
  const openStreams = callSlots(limits.openStreams, 'open streams');
  const many = stream(answer, draining.signal, tokens, openStreams, instances.labelsOf);
  const openLists = callSlots(limits.openLists, 'lists');
  const answerOnce = idempotent(requestLog, events, now);
  const records = applyRecords(options.applyLog, events, now);
  const pageOf = pageTokens(options.pageTokenKey);
  const statusOf = innerStatuses(events, now);
  const handlers: [ServiceDefinition, UntypedServiceImplementation][] = [
    [
      privacyDefinition,
      privacyService({ instances, answerOnce, one, many, openLists, statusOf, pageOf, records }),
    ],
    [InstanceServiceService, instanceService({ instances, tokens, answerOnce, one, many, statusOf, pageOf })],
    [TokenServiceService, tokenService(tokens, answerOnce, one, pageOf, now)],
    [
      NodeServiceService,
      nodeService({
        versions,
        refusals,
        backUp,
        backups: limits.backups,
        server: serverInfo(options),
        nodes: options.nodes,
        one,
        many,
        pageOf,
        now,
      }),
    ],
  ];
  for (const [service, methods] of handlers) server.addService(readingRequests(service), methods);
  addHealth(
    server,
    handlers.map(([service]) => serviceName(service)),
    { refusals, readiness: options.readiness, draining: draining.signal },
    limits,
    seen,
  );
  if (options.reflection !== 'nobody')
    addReflection(
      server,
      limits.questionsPerMinute,
      options.reflection === 'anybody' ? undefined : anyToken(tokens),
      seen,
    );

  return {
    /** Starts serving on `host:port`; resolves to where, with the port that was picked for 0. */
    async listen(address: string): Promise<Listening> {
      return listen(server, address, options.tls, connections, answer);
    },
    /** Lets new connections have these certificates; where there were some. */
    showCertificates: (certificates: Certificates) => showCertificates(server, certificates),
    /** Stops serving: refuses new calls, ends streams, and lets the others, and what goes on without a caller, finish for `graceMs` at most. */
    async drain(graceMs: number): Promise<void> {
      const graceOver = AbortSignal.timeout(graceMs);
      await drain(server, draining, graceMs, connections.cut);
      await records.finished(graceOver);
      connections.stop();
      seen.stop();
    },
  };
}

const serverInfo = ({ version, historyMs, limits, reflection, tls }: GrpcServerOptions): ServerInfo => ({
  version,
  historyMs,
  callsPerMinute: limits.callsPerMinute,
  openStreams: limits.openStreams,
  features: [
    ...(reflection === 'nobody' ? [] : (['REFLECTION'] as const)),
    ...(tls?.clientCa === undefined ? [] : (['CLIENT_CERTIFICATES'] as const)),
  ],
});

const serviceName = (service: ServiceDefinition) => Object.values(service)[0]?.path.split('/')[1] ?? '';
