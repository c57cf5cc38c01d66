import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { type Api, connect } from '../../src/cli/client/client.js';
import { type Fleet, fleet } from './fleet.js';
import { type Peer, peersOf } from './peers.js';
import { measured } from './processes.js';
import { copyOf, linkTemplate, writeDatabase, writeDataFolder, writeSimulatorState } from './seed.js';
import { startWhatsApp, type WhatsApp } from './simulator.js';

/** The service in a process of its own, and how to call it. */
export type Service = Fleet & {
  readonly api: Api;
  readonly address: string;
  readonly phoneNumbers: readonly string[];
  /** Milliseconds until it listened. */
  readonly listenMs: number;
  readonly stop: () => Promise<void>;
};

/** How many accounts a part needs: each service has its own, and so has each peer. */
export type Cast = { readonly services: readonly number[]; readonly peers: number };

/** A simulated WhatsApp with linked accounts, and who can be started on it. */
export type Stage = Pick<WhatsApp, 'setLatency' | 'takeStanzas' | 'inject' | 'settingsOf'> & {
  /** The service, with one of the numbers of instances that were asked for. */
  readonly service: (size: number, env?: Record<string, string>) => Promise<Service>;
  /** Fills a database, which is empty, with the instances of one of those services. */
  readonly writeDatabase: (size: number, url: string, masterKey: Buffer) => Promise<void>;
  readonly peers: readonly Peer[];
  readonly clear: () => Promise<void>;
};

/** An account token of every service. */
export const TOKEN = 'wap_bench-account-token';
const CALL_MS = 120_000;
/** The command line. */
export const BIN = fileURLToPath(new URL('../../bin.js', import.meta.url));

/** Links these accounts and starts WhatsApp. */
export async function setStage({ services, peers }: Cast): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-bench-'));
  const template = await linkTemplate(folder);
  const stateFile = join(folder, 'state.json');
  const all = Array.from({ length: services.reduce((a, b) => a + b, 2 * peers) }, (_, index) =>
    copyOf(template, index),
  );
  writeSimulatorState(template, all.length, stateFile);
  const take = (count: number) => all.splice(0, count);
  const ours = new Map(services.map(size => [size, take(size)]));
  const dataFolder = (size: number) => join(folder, `data-${size}`);
  for (const [size, accounts] of ours) await writeDataFolder(dataFolder(size), accounts);
  const whatsApp = await startWhatsApp(BIN, stateFile);

  return {
    ...whatsApp,
    writeDatabase: (size, url, masterKey) => writeDatabase(url, masterKey, ours.get(size) ?? []),
    peers: await peersOf(whatsApp, folder, { baileys: take(peers), whatsmeow: take(peers) }),
    async service(size, env = {}) {
      const started = performance.now();
      const process = measured([BIN, 'serve'], {
        WA_PRIVACY_LISTEN: '127.0.0.1:0',
        WA_PRIVACY_DATA_DIR: dataFolder(size),
        WA_PRIVACY_ACCOUNT_TOKEN: TOKEN,
        WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '2000000',
        WA_PRIVACY_SETS_PER_HOUR: '0',
        WA_PRIVACY_READS_PER_HOUR: '0',
        WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
        WA_PRIVACY_LINKS_PER_HOUR: '0',
        WA_PRIVACY_NUMBER_LINKS_PER_HOUR: '0',
        WA_PRIVACY_NODE_LINKS_PER_HOUR: '0',
        WA_PRIVACY_WHATSAPP_URL: whatsApp.url,
        WA_PRIVACY_WHATSAPP_ROOT_KEY: whatsApp.rootKey,
        ...env,
      });
      const instances = fleet(process, /"state":"CONNECTED"/, size);
      const [, address = ''] = await process.watch(/^wa-privacy listening on (\S+)/).reached(1);
      const listenMs = performance.now() - started;
      const options = {
        address,
        credentials: credentials.createInsecure(),
        token: TOKEN,
        timeoutMs: CALL_MS,
      };
      const api = connect(options);
      return {
        ...instances,
        api,
        address,
        phoneNumbers: (ours.get(size) ?? []).map(({ phoneNumber }) => phoneNumber),
        listenMs,
        async stop() {
          api.close();
          await process.stop();
        },
      };
    },
    async clear() {
      await whatsApp.process.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
