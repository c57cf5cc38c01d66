import type { handleServerStreamingCall, Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** The standard health service. It is about this server, never about one account. Not serving once `draining`. */
export function addHealth(server: Server, services: readonly string[], draining: AbortSignal): void {
  const names = ['', ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map(name => [name, 'SERVING'])));
  draining.addEventListener('abort', () => {
    for (const name of names) health.setStatus(name, 'NOT_SERVING');
  });
  health.addToServer({
    addService: (definition, methods) => {
      const { watch, ...others } = methods;
      // Its own types do not tell which kind of method it is.
      const ending = endingWith(draining, watch as handleServerStreamingCall<unknown, unknown>);
      server.addService(definition, { ...others, watch: ending });
    },
  });
}

/** A watcher would hold the shutdown back for as long as it stays. */
const endingWith =
  (draining: AbortSignal, watch: handleServerStreamingCall<unknown, unknown>): typeof watch =>
  call => {
    const end = () => call.end();
    draining.addEventListener('abort', end);
    call.once('cancelled', () => draining.removeEventListener('abort', end));
    watch(call);
    if (draining.aborted) end();
  };
