import { credentials } from '@grpc/grpc-js';
import {
  Instance_State,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { createApp } from '../app.js';
import { connect } from '../cli/client/client.js';
import { readConfig } from '../config/config.js';
import { UsageError } from '../input/usage-error.js';
import { events } from '../observability/events.js';
import { createLogger } from '../observability/logger.js';
import type { Simulator } from '../simulator/index.js';
import { scan } from './scan.js';

/** Of a service whose accounts are all simulated, so that anybody may know it. */
const TOKEN = 'wap_token-of-simulated-accounts';
/** Apart from real accounts, which a simulated WhatsApp would log out. */
const DATA_DIR = './simulated';
/** Long enough for the first login, which makes some 800 keys. */
const TIMEOUT_MS = 60_000;

/** What a phone may link; after a restart without the simulator's state its old link is over. */
const UNLINKED: ReadonlySet<Instance_State> = new Set([Instance_State.UNLINKED, Instance_State.LOGGED_OUT]);

/** A service against the simulator, with an instance that one of its phones has linked. */
export type Linked = { readonly instructions: string; stop(): Promise<void> };

/** Serves as `serve` does, and lets the simulator's first phone scan what the instance shows, unless it is linked. */
export async function serveLinked(simulator: Simulator, name: string): Promise<Linked> {
  const env = {
    WA_PRIVACY_LOG_LEVEL: 'error',
    ...process.env,
    WA_PRIVACY_DATA_DIR: DATA_DIR,
    WA_PRIVACY_ACCOUNT_TOKEN: TOKEN,
    WA_PRIVACY_WHATSAPP_URL: simulator.url,
    WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
  };
  const read = readConfig({ flags: {}, env });
  if (read.kind === 'mistakes') throw new UsageError(read.mistakes);
  const app = await createApp(read.config, events(createLogger(read.config.logLevel)));
  const address = `${app.host.includes(':') ? `[${app.host}]` : app.host}:${app.port}`;
  const api = connect({
    address,
    credentials: credentials.createInsecure(),
    token: TOKEN,
    timeoutMs: TIMEOUT_MS,
  });
  try {
    const [phone] = simulator.phones();
    if (!phone) throw new Error('there is no phone to scan with');
    const wanted = {
      name,
      displayName: '',
      connectionMode: 0,
      presence: 0,
      requestId: '',
      proxy: '',
      labels: {},
    };
    const found = await api.call(Instances.getInstance, { instance: name }).catch(() => undefined);
    if (!found) await api.call(Instances.createInstance, wanted);
    const isLinked = found?.instance && !UNLINKED.has(found.instance.state);
    if (!isLinked) await scan(api, name, phone);
  } catch (error) {
    await app.stop();
    throw error;
  } finally {
    api.close();
  }
  return {
    instructions: [
      `export WA_PRIVACY_SERVER=${address}`,
      `export WA_PRIVACY_TOKEN=${TOKEN}`,
      `# ${name} is linked: node dist/bin.js privacy get ${name}`,
    ].join('\n'),
    stop: app.stop,
  };
}
