import { type App, createApp, STOPPED_MS } from './app.js';
import type { Config } from './config/config.js';
import { endSignal } from './end-signal.js';
import { events as eventsOf } from './observability/events.js';
import { createLogger } from './observability/logger.js';
import { stderrLines } from './observability/stderr.js';
import { addressText } from './open-node.js';
import { endAfter } from './process-end.js';

/** For the last lines of the log. */
const LOG_MS = 200;

/**
 * Serves until SIGTERM, SIGINT or SIGHUP; a second signal ends the process at once. With TLS a SIGHUP reloads the
 * certificates instead.
 */
export async function serve(config: Config): Promise<void> {
  const lines = stderrLines();
  const events = eventsOf(createLogger(config.logLevel, lines));
  // The last net: a fault inside one connection must not take the others down.
  process.on('unhandledRejection', cause => events.taskFailed({ task: 'an unhandled rejection', cause }));
  // Else it opens Node's debugger, which shows the master key. `--disable-sigusr1` forbids that from the first moment.
  process.on('SIGUSR1', () => {});
  let app: App | undefined;
  const ended = endSignal(config.tls && (() => void app?.reloadCertificates()));
  void ended.then(() => endAfter(STOPPED_MS)); // Also where it hangs before it serves.
  app = await createApp(config, events);
  const address = addressText(app);
  events.listening(address);
  console.log(`wa-privacy listening on ${address}`);
  events.stopping(await ended);
  lines.flush(); // Said also where the end hangs.
  await app.stop();
  events.stopped();
  await lines.finish(LOG_MS);
}
