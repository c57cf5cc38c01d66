import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { createApp } from '../app.js';
import { type Api, connect } from '../cli/client/client.js';
import { readConfig } from '../config/config.js';
import { events } from '../observability/events.js';
import { createLogger } from '../observability/logger.js';
import { type Phone, type Simulator, startSimulator } from '../simulator/index.js';

/** What the demo plays on: a simulated WhatsApp with a phone, the service, and a client with an account token. */
export type Stage = {
  readonly simulator: Simulator;
  readonly phone: Phone;
  readonly api: Api;
  readonly token: string;
  /** The privacy stanzas that WhatsApp received since the last call, counted by kind. */
  takeStanzas(): { reads: number; changes: number };
  clear(): Promise<void>;
};

/** Long enough for the first login, which makes some 800 keys. */
const TIMEOUT_MS = 60_000;

/** Starts everything on free ports, with a temporary data folder. */
export async function setStage(): Promise<Stage> {
  const simulator = await startSimulator();
  const phone = simulator.addPhone({ phoneNumber: '15550100123', name: 'Demo' });
  const dataDir = mkdtempSync(join(tmpdir(), 'wa-privacy-demo-'));
  const token = 'wap_demo-account-token';
  const config = readConfig({
    flags: {},
    env: {
      WA_PRIVACY_LISTEN: '127.0.0.1:0',
      WA_PRIVACY_DATA_DIR: dataDir,
      WA_PRIVACY_ACCOUNT_TOKEN: token,
      WA_PRIVACY_LOG_LEVEL: 'error',
      // The bench asks for more than an account should be asked in an hour.
      WA_PRIVACY_SETS_PER_HOUR: '0',
      WA_PRIVACY_READS_PER_HOUR: '0',
      WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
      WA_PRIVACY_LINKS_PER_HOUR: '0',
      WA_PRIVACY_NUMBER_LINKS_PER_HOUR: '0',
      WA_PRIVACY_NODE_LINKS_PER_HOUR: '0',
      WA_PRIVACY_WHATSAPP_URL: simulator.url,
      WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
    },
  });
  if (config.kind === 'mistakes') throw new Error(config.mistakes.join('\n'));
  const app = await createApp(config.config, events(createLogger(config.config.logLevel)));
  const address = `${app.host}:${app.port}`;
  const api = connect({ address, credentials: credentials.createInsecure(), token, timeoutMs: TIMEOUT_MS });

  return {
    simulator,
    phone,
    api,
    token,
    takeStanzas() {
      const count = (type: string) => simulator.findStanzas({ tag: 'iq', xmlns: 'privacy', type }).length;
      const taken = { reads: count('get'), changes: count('set') };
      simulator.clearStanzas();
      return taken;
    },
    async clear() {
      api.close();
      await app.stop();
      await simulator.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
