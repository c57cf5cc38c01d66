import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_OfflineQueue as OfflineQueue,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config/config.js';
import { events } from '../../src/observability/events.js';
import { createLogger } from '../../src/observability/logger.js';
import {
  type NewAccount,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/index.js';
import { type Caller, caller } from './call.js';
import { link } from './link.js';
import { secretsIn } from './log-scan.js';

const LINK_PATIENCE = { timeout: 30_000, interval: 5 };
export const ACCOUNT_TOKEN = 'wap_account-token-of-the-tests';

/**
 * The running service, a simulated WhatsApp behind it, and a client. Disposing of it ends everything, and fails when a
 * secret stands in the log.
 */
export type Service = Awaited<ReturnType<typeof startService>>;

/** Starts a simulated WhatsApp and the production service against it, in a data folder of its own. */
export async function startService(
  options: {
    simulator?: SimulatorOptions;
    env?: Record<string, string>;
    /** Fills the data folder before the service sees it. */
    prepare?(dataDir: string): Promise<void>;
  } = {},
) {
  const simulator = await startSimulator({
    ...options.simulator,
    behaviour: { preKeys: 'not_asked', ...options.simulator?.behaviour },
  });
  const dataDir = mkdtempSync(join(tmpdir(), 'wa-privacy-test-'));
  await options.prepare?.(dataDir);
  const log: string[] = [];
  const env = { ...envOf(simulator, dataDir), ...options.env };
  const start = (other: Record<string, string> = {}) => startApp({ ...env, ...other }, log);
  let running = await start();
  const stop = async () => {
    running.client.close();
    await running.app.stop();
  };
  let instances = 0;
  const searchLog = () => searchLogFor(simulator, log);

  return {
    simulator,
    dataDir,
    /** What the service logged, line by line. */
    log,
    get app() {
      return running.app;
    },
    get address() {
      return running.address;
    },
    get client(): Caller {
      return running.client;
    },
    stop,
    /** @param other Variables that hold until the next start. */
    start: async (other?: Record<string, string>) => {
      running = await start(other);
    },
    /** Fails when a secret stands in the log; else forgets it, so that a long run does not fill the memory. */
    forgetLog() {
      searchLog();
      log.length = 0;
    },
    /** A new instance, linked with a new phone and connected. */
    linked: (account: Partial<NewAccount> = {}) =>
      linkedThrough(running.client, simulator, ++instances, account),
    async [Symbol.asyncDispose]() {
      await stop();
      await simulator.stop();
      rmSync(dataDir, { recursive: true, force: true });
      searchLog();
    },
  };
}

/** What a service of the tests goes by: nothing is limited. */
export const envOf = ({ url, rootKey }: Pick<Simulator, 'url' | 'rootKey'>, dataDir: string) => ({
  WA_PRIVACY_LISTEN: '127.0.0.1:0',
  WA_PRIVACY_DATA_DIR: dataDir,
  WA_PRIVACY_ACCOUNT_TOKEN: ACCOUNT_TOKEN,
  WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '100000',
  WA_PRIVACY_SETS_PER_HOUR: '0',
  WA_PRIVACY_READS_PER_HOUR: '0',
  WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
  WA_PRIVACY_LINKS_PER_HOUR: '0',
  WA_PRIVACY_NUMBER_LINKS_PER_HOUR: '0',
  WA_PRIVACY_NODE_LINKS_PER_HOUR: '0',
  WA_PRIVACY_WHATSAPP_URL: url,
  WA_PRIVACY_WHATSAPP_ROOT_KEY: rootKey,
});

/** The production service, which logs here, and a client. */
export async function startApp(env: Record<string, string>, log: string[]) {
  const result = readConfig({ flags: {}, env });
  if (result.kind === 'mistakes') throw new Error(result.mistakes.join('\n'));
  const logger = createLogger(result.config.logLevel, { write: (line: string) => void log.push(line) });
  const app = await createApp(result.config, events(logger));
  const address = `${app.host}:${app.port}`;
  return { app, address, client: caller(address, ACCOUNT_TOKEN) };
}

/** A new instance `desk-NUMBER`, linked with a new phone and connected. */
export async function linkedThrough(
  client: Caller,
  simulator: Simulator,
  number: number,
  account: Partial<NewAccount> = {},
) {
  const phone = simulator.addPhone({
    phoneNumber: `1555010${String(number).padStart(4, '0')}`,
    ...account,
  });
  const instance = `desk-${number}`;
  const { secret } = await client.call(Instances.createInstance, { name: instance });
  await link(client, instance, phone);
  // Until then what the phone does waits behind the queue, and a test would overtake it.
  await vi.waitUntil(async () => {
    const { instance: seen } = await client.call(Instances.getInstance, { instance });
    return seen?.offlineQueue !== OfflineQueue.DELIVERING;
  }, LINK_PATIENCE);
  return { instance, phone, token: secret };
}

/** Fails when a secret stands in the log. */
export function searchLogFor(simulator: Simulator, log: readonly string[]): void {
  const people = simulator.phones().flatMap(({ phoneNumber, lid }) => [phoneNumber, lid]);
  const found = secretsIn(log, people);
  if (found.length > 0) throw new Error(`secrets in the log:\n${found.join('\n')}`);
}

/** The privacy stanzas WhatsApp received since the last call, in order: `get`, `set last=none`. */
export function takePrivacyStanzas({ simulator }: Pick<Service, 'simulator'>): string[] {
  const stanzas = simulator.findStanzas({ tag: 'iq', xmlns: 'privacy' }).map(({ node }) => {
    const [privacy] = node.content as { content?: { attrs: Record<string, string> }[] }[];
    const categories = privacy?.content ?? [];
    const named = categories.map(({ attrs }) => `${attrs['name']}=${attrs['value']}`);
    return [node.attrs['type'], ...named].join(' ');
  });
  simulator.clearStanzas();
  return stanzas;
}
