import {
  type handleServerStreamingCall,
  type Server,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
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

type Watch = handleServerStreamingCall<unknown, unknown>;

/** Stands for the way to WhatsApp. Calls are answered, and their errors tell why, also while WhatsApp takes no client. */
const WHATSAPP = 'whatsapp';

/**
 * The standard health service. It is about this server, never about one account. Not serving once `draining`;
 * `whatsapp` also while WhatsApp refuses this client.
 */
export function addHealth(
  server: Server,
  services: readonly string[],
  refusals: ClientRefusals,
  draining: AbortSignal,
  limits: HealthLimits,
  strangers: Strangers,
): void {
  const names = ['', ...services, WHATSAPP];
  const health = new HealthImplementation(Object.fromEntries(names.map(name => [name, 'SERVING'])));
  const show = (isRefused: boolean) => {
    if (!draining.aborted) health.setStatus(WHATSAPP, isRefused ? 'NOT_SERVING' : 'SERVING');
  };
  show(refusals.isRefused());
  refusals.onChange(show);
  // One listener for all: of many Node would walk the list at each that comes and goes.
  const open = new Set<ServerWritableStream<unknown, unknown>>();
  draining.addEventListener('abort', () => {
    for (const name of names) health.setStatus(name, 'NOT_SERVING');
    // A watcher would hold the shutdown back for as long as it stays.
    for (const call of open) call.end();
  });

  health.addToServer({
    addService: (definition, methods) => {
      const { watch, ...others } = methods;
      // Its own types do not tell which kind of method it is.
      server.addService(definition, { ...others, watch: bounded(watch as Watch) });
    },
  });

  function bounded(watch: Watch): Watch {
    const ofConnection = slots(limits.watchesPerConnection);
    const ofAll = slots(limits.watches);
    return call => {
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
      open.add(call);
      const leave = () => {
        open.delete(call);
        giveBack();
      };
      call.once('cancelled', leave).once('finish', leave);
      // The implementation would keep every name it is asked for; no service becomes known later.
      if (names.includes((call.request as { service: string }).service)) watch(call);
      else call.write({ status: 'SERVICE_UNKNOWN' });
      if (draining.aborted) call.end();
    };
  }
}
