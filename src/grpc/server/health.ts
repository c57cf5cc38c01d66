import { type Server, type ServerWritableStream, status } from '@grpc/grpc-js';
import {
  HealthCheckResponse_ServingStatus as Health,
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthServer,
  HealthService,
} from '../../../gen/ts/grpc/health/v1/health.js';
import type { Readiness } from '../../cluster/ports.js';
import { slots } from '../../domain/slots.js';
import type { ClientRefusals } from '../../instances/connecting/client-refusals.js';
import type { Strangers } from '../../observability/strangers.js';
import { peerOf } from '../peers/peer-address.js';

/** Health watches that may be open: they need no token, so nothing else bounds them. */
export type HealthLimits = {
  readonly watchesPerConnection: number;
  readonly watches: number;
};

const TOO_MANY = { code: status.RESOURCE_EXHAUSTED, details: 'Too many health watches are open' };

type Watch = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

/** Stands for the way to WhatsApp. Calls are answered, and their errors tell why, also while WhatsApp takes no client. */
const WHATSAPP = 'whatsapp';
/** Serving whenever it is asked: for who would start the process again, which helps against nothing that the others tell. */
const ALIVE = 'alive';

/** What decides over the health of a server. */
export type Conditions = {
  readonly refusals: ClientRefusals;
  readonly readiness: Readiness | undefined;
  readonly draining: AbortSignal;
};

/**
 * The standard health service. It is about this server, never about one account. Not serving while it is not ready, and
 * once `draining`; `whatsapp` also while WhatsApp refuses this client.
 */
export function addHealth(
  server: Server,
  services: readonly string[],
  { refusals, readiness, draining }: Conditions,
  limits: HealthLimits,
  strangers: Strangers,
): void {
  const healths = new Map<string, Health>();
  // One listener for all: of many Node would walk the list at each that comes and goes.
  const open = new Set<Watch>();

  function show(name: string, isServing: boolean) {
    const health = isServing ? Health.SERVING : Health.NOT_SERVING;
    if (healths.get(name) === health) return;
    healths.set(name, health);
    for (const call of open) if (call.request.service === name) call.write({ status: health });
  }
  function showAll() {
    const isReady = !draining.aborted && (readiness?.isReady() ?? true);
    for (const name of ['', ...services]) show(name, isReady);
    show(WHATSAPP, isReady && !refusals.isRefused());
    show(ALIVE, true);
  }
  showAll();
  refusals.onChange(showAll);
  readiness?.onChange(showAll);
  draining.addEventListener('abort', () => {
    showAll();
    // A watcher would hold the shutdown back for as long as it stays.
    for (const call of open) call.end();
  });

  const ofConnection = slots(limits.watchesPerConnection);
  const ofAll = slots(limits.watches);
  function watch(call: Watch) {
    const places = [ofConnection(call.getPeer()), ofAll('')];
    const giveBack = () => {
      for (const place of places.splice(0)) place?.[Symbol.dispose]();
    };
    if (places.includes(undefined)) {
      giveBack();
      strangers.seen('health_watch_refused', peerOf(call));
      call.emit('error', TOO_MANY);
      return;
    }
    const leave = () => {
      open.delete(call);
      giveBack();
    };
    call.once('cancelled', leave).once('finish', leave);
    open.add(call);
    call.write({ status: healths.get(call.request.service) ?? Health.SERVICE_UNKNOWN });
    if (draining.aborted) call.end();
  }

  const health: HealthServer = {
    check: ({ request: { service } }, answer) => {
      const known = healths.get(service);
      if (known !== undefined) answer(null, { status: known });
      else answer({ code: status.NOT_FOUND, details: 'Nothing of this name is served here' });
    },
    list: (_, answer) => {
      const statuses = Object.fromEntries([...healths].map(([name, known]) => [name, { status: known }]));
      answer(null, { statuses });
    },
    watch,
  };
  server.addService(HealthService, health);
}
