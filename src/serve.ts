import { createApp } from './app.js';
import type { Config } from './config/config.js';
import { endSignal } from './end-signal.js';
import { events as eventsOf } from './observability/events.js';
import { createLogger } from './observability/logger.js';

/** Serves until SIGTERM or SIGINT; a second signal ends the process at once. */
export async function serve(config: Config): Promise<void> {
  const events = eventsOf(createLogger(config.logLevel));
  // The last net: a fault inside one connection must not take the others down.
  process.on('unhandledRejection', cause => events.taskFailed({ task: 'an unhandled rejection', cause }));
  // Else it opens Node's debugger, which shows the master key. `--disable-sigusr1` forbids that from the first moment.
  process.on('SIGUSR1', () => {});
  const app = await createApp(config, events);
  const address = `${app.host.includes(':') ? `[${app.host}]` : app.host}:${app.port}`;
  const ended = endSignal();
  events.listening(address);
  console.log(`wa-privacy listening on ${address}`);
  events.stopping(await ended);
  await app.stop();
  events.stopped();
}
