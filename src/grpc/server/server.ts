import { BlockList } from 'node:net';
import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import type { Readiness } from '../../cluster/ports.js';
import type { PermitStore } from '../../domain/nodes/shared.js';
import { wallMs } from '../../domain/time/wall-time.js';
import { strangers } from '../../observability/strangers.js';
import type { Certificates } from '../../tls/certificates.js';
import { callSlots } from '../calls/call-slots.js';
import { stream } from '../calls/stream.js';
import { unary } from '../calls/unary.js';
import { answers } from '../errors/statuses.js';
import { openHops } from '../hops/open-hops.js';
import { passingOn } from '../hops/passing-on.js';
import { type Check, everyCheck } from '../interceptors/admission.js';
import { anyToken, auth } from '../interceptors/auth.js';
import { bareFaults } from '../interceptors/bare-faults.js';
import { callGate } from '../interceptors/call-gate.js';
import { callLog } from '../interceptors/call-log.js';
import { failedTokens } from '../interceptors/failed-tokens.js';
import { tokenLimit } from '../interceptors/token-limit.js';
import { type ServiceOptions, services } from '../methods/services.js';
import { trustedHops } from '../peers/trusted-hops.js';
import { addReflection } from '../reflection/reflection.js';
import { boundConnections, type ConnectionLimits } from './connection-bounds.js';
import { addHealth, type HealthLimits } from './health.js';
import { nodeServer } from './node-server.js';
import { drain, type Listening, listen, SERVER_OPTIONS, showCertificates } from './transport.js';

/** What the API is made of. */
export type GrpcServerOptions = ServiceOptions & {
  readonly limits: {
    /** CreateInstance calls of one token. */
    readonly createsPerMinute: number;
    /** BatchCreateInstances calls of one token. */
    readonly batchCreatesPerHour: number;
    /** Calls of one address with a token that is not good. */
    readonly failedTokensPerMinute: number;
    /** ListPrivacySettings calls of one token at the same time. */
    readonly openLists: number;
  } & ConnectionLimits &
    HealthLimits & {
      /** Reflection questions of one address. */
      readonly questionsPerMinute: number;
    };
  /** Of several nodes, which keep the limits of tokens together. */
  readonly permits?: PermitStore | undefined;
  /** The networks of hops that tell whose connections they pass on. */
  readonly trustedProxies?: BlockList | undefined;
  /** Undefined: as long as it serves. */
  readonly readiness?: Readiness | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** The API, not yet listening. */
export function grpcServer(options: GrpcServerOptions) {
  const { instances, tokens, refusals, events, limits, cluster, now = wallMs } = options;
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
          tokenLimit(limits, options.permits),
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

  const { labelsOf } = instances;
  const hops = cluster && openHops(cluster);
  const exists = (name: string) => labelsOf(name) !== undefined;
  const placement = cluster && hops && passingOn({ ...cluster, hops, exists });
  const fleet = cluster && hops && placement && { ...cluster, hops, placement };
  const openStreams = callSlots(limits.openStreams, 'open streams');
  const { of: servicesOf, finished } = services(options, now);
  const handlers = servicesOf(
    unary(answer, tokens, labelsOf, placement),
    stream(answer, draining.signal, tokens, openStreams, labelsOf, placement),
    callSlots(limits.openLists, 'lists'),
    fleet,
  );
  for (const [service, methods] of handlers) server.addService(service, methods);
  const forNodes =
    cluster &&
    nodeServer(cluster, {
      instances,
      tokens,
      servicesOf,
      fleet,
      limits,
      events,
      seen,
      answer,
      draining,
      now,
    });
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
    /** Starts serving other nodes, as `listen`. */
    async listenToNodes(address: string): Promise<Listening> {
      if (!forNodes) throw new Error('this node is not one of several');
      return forNodes.listen(address);
    },
    /** Lets new connections have these certificates; where there were some. */
    showCertificates: (certificates: Certificates) => showCertificates(server, certificates),
    /** Stops serving: refuses new calls, ends streams, and lets the others, and what goes on without a caller, finish for `graceMs` at most. */
    async drain(graceMs: number): Promise<void> {
      const graceOver = AbortSignal.timeout(graceMs);
      await Promise.all([drain(server, draining, graceMs, connections.cut), forNodes?.drain(graceMs)]);
      await finished(graceOver);
      hops?.close();
      connections.stop();
      seen.stop();
    },
  };
}

const serviceName = (service: ServiceDefinition) => Object.values(service)[0]?.path.split('/')[1] ?? '';
