import { BlockList } from 'node:net';
import { Server } from '@grpc/grpc-js';
import type { Tokens } from '../../access/tokens.js';
import type { Instances } from '../../instances/instances.js';
import type { Strangers } from '../../observability/strangers.js';
import { stream } from '../calls/stream.js';
import { unary } from '../calls/unary.js';
import type { ApiEvents } from '../errors/api-events.js';
import type { Answer } from '../errors/statuses.js';
import { holding, hopAnswers, hopCheck } from '../hops/holding.js';
import type { NodeOptions } from '../hops/node-options.js';
import { MOST_HOPS } from '../hops/open-hops.js';
import { proofReader } from '../hops/proof.js';
import { type Check, everyCheck } from '../interceptors/admission.js';
import { bareFaults } from '../interceptors/bare-faults.js';
import { callGate } from '../interceptors/call-gate.js';
import { callLog } from '../interceptors/call-log.js';
import type { Fleet } from '../methods/fleet/fleet.js';
import type { services } from '../methods/services.js';
import { trustedHops } from '../peers/trusted-hops.js';
import { boundConnections, type ConnectionLimits } from './connection-bounds.js';
import { drain, type Listening, listen, SERVER_OPTIONS } from './transport.js';

type Parts = {
  readonly instances: Instances;
  readonly tokens: Pick<Tokens, 'watch'>;
  readonly servicesOf: ReturnType<typeof services>['of'];
  readonly fleet: Fleet | undefined;
  readonly limits: ConnectionLimits;
  readonly events: ApiEvents;
  readonly seen: Strangers;
  readonly answer: Answer;
  readonly draining: AbortController;
  readonly now: () => number;
};

/** As grpc-js has it; it takes -1 for a time that has passed. */
const UNLIMITED_MS = 2 ** 31 - 1;

/** One connection carries the calls of all callers of another node. */
const OPTIONS = {
  ...SERVER_OPTIONS,
  'grpc.max_concurrent_streams': MOST_HOPS + 1_000,
  // A connection that another node keeps is not ended under its calls.
  'grpc.max_connection_age_ms': UNLIMITED_MS,
  'grpc.max_connection_idle_ms': UNLIMITED_MS,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
};
/** Each call that a caller leaves is a reset on a connection that others share: Node ends it after a thousand. */
const MOST_RESETS = 1_000_000;

const FREE: Disposable = { [Symbol.dispose]: () => undefined };

/**
 * The listener for other nodes: the same methods, for calls that another node has checked and counted. It passes nothing
 * on, and who cannot prove to be a node learns nothing.
 */
export function nodeServer(node: NodeOptions, parts: Parts) {
  const { instances, tokens, servicesOf, fleet, limits, events, seen, answer, draining, now } = parts;
  const connections = boundConnections(limits, trustedHops(new BlockList()), seen);
  const shuttingDown: Check = () => draining.signal.throwIfAborted();
  const answerHop = hopAnswers(answer);
  const server = new Server({
    ...OPTIONS,
    interceptors: [
      callGate({
        check: everyCheck([
          hopCheck(proofReader(node.hopKey, node.selfId, now)),
          connections.known,
          shuttingDown,
          connections.accepted,
        ]),
        answer: answerHop,
        net: bareFaults(answerHop),
        log: callLog(events, seen),
        now,
      }),
    ],
  });
  const placement = holding(node);
  const one = unary(answerHop, tokens, instances.labelsOf, placement);
  const many = stream(answerHop, draining.signal, tokens, () => FREE, instances.labelsOf, placement);
  for (const [service, methods] of servicesOf(one, many, () => FREE, fleet))
    server.addService(service, methods);

  return {
    async listen(address: string): Promise<Listening> {
      allowResets(server);
      return listen(server, address, node.tls, connections, answerHop);
    },
    async drain(graceMs: number): Promise<void> {
      await drain(server, draining, graceMs, connections.cut);
      connections.stop();
    },
  };
}

/** What grpc-js has no option for: its servers of Node are made with these. */
function allowResets(server: Server): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions: object };
  Object.assign(commonServerOptions, { streamResetBurst: MOST_RESETS, streamResetRate: MOST_RESETS });
}
