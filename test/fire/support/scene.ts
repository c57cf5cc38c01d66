import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';
import type { ChangeRecord } from '../../../src/instances/ports/history.js';
import type { InstanceRecord } from '../../../src/instances/ports/store.js';
import { startSimulator } from '../../../src/simulator/index.js';
import { node } from '../../../src/simulator/wire/stanza.js';
import { readState } from '../../../src/simulator/world/state-file.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import {
  decodeCredentials,
  keyStore,
  type LinkedCredentials,
} from '../../../src/whatsapp/connection/auth-state.js';
import { secretsIn } from '../../support/log-scan.js';
import type { Disk } from './orders.js';
import { type ServiceProcess, type Surroundings, serviceProcess } from './process.js';

/** The account token of these services. */
export const TOKEN = 'wap_account-token-of-the-tests';
export const PHONE_NUMBER = '15550300001';
/** What one service has compiled the next one finds, also that of another test. */
export const COMPILE_CACHE = join(import.meta.dirname, '../../../node_modules/.cache/wa-privacy-tests');

/** What the data folder holds of an instance. */
export type Stored = {
  readonly record: InstanceRecord | undefined;
  readonly credentials: LinkedCredentials | undefined;
  /** The public pre-keys with these ids, as far as they are stored. */
  readonly preKeys: ReadonlyMap<number, Buffer>;
  /** Newest first. */
  readonly changes: readonly ChangeRecord[];
};

/** A data folder, services that run on it one after another, and WhatsApp with one phone, in this process. */
export type Scene = Awaited<ReturnType<typeof openScene>>;

export async function openScene() {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-fire-'));
  const dataDir = join(folder, 'data');
  const stateFile = join(folder, 'whatsapp.json');
  const simulator = await startSimulator({ stateFile });
  const phone = simulator.addPhone({ phoneNumber: PHONE_NUMBER });
  const newKey = () => randomBytes(32).toString('base64');
  const env = {
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    WA_PRIVACY_LISTEN: '127.0.0.1:0',
    WA_PRIVACY_DATA_DIR: dataDir,
    WA_PRIVACY_MASTER_KEY: newKey(),
    WA_PRIVACY_PREVIOUS_MASTER_KEY: '',
    WA_PRIVACY_ACCOUNT_TOKEN: TOKEN,
    WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '100000',
    WA_PRIVACY_SETS_PER_HOUR: '0',
    WA_PRIVACY_READS_PER_HOUR: '0',
    WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
    WA_PRIVACY_LINKS_PER_HOUR: '0',
    WA_PRIVACY_NUMBER_LINKS_PER_HOUR: '0',
    WA_PRIVACY_NODE_LINKS_PER_HOUR: '0',
    WA_PRIVACY_WHATSAPP_URL: simulator.url,
    WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
  };
  const alive = new Set<ServiceProcess>();
  const logs: string[] = [];
  const load = (surroundings: Surroundings = {}) => {
    const service = serviceProcess({ ...surroundings, env: { ...env, ...surroundings.env } }, TOKEN);
    alive.add(service);
    void service.ended.then(() => {
      alive.delete(service);
      logs.push(service.log());
    });
    return service;
  };
  let next: ServiceProcess | undefined;
  let keyRequests = 0;

  return {
    simulator,
    phone,
    dataDir,
    /** One more service on the data folder, which is told when to serve. */
    load,
    /** Loads the next service while the one before is still at work. */
    loadNext() {
      next = load();
    },
    /** A disk from which no write returns, whatever Node does. */
    hangingDisk(): Disk {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      return { is: 'hanging', pipe, on: 'write' };
    },
    masterKey: () => env.WA_PRIVACY_MASTER_KEY,
    /** Services loaded from now on have a new master key, and the one until now as the previous. */
    changeMasterKey() {
      env.WA_PRIVACY_PREVIOUS_MASTER_KEY = env.WA_PRIVACY_MASTER_KEY;
      env.WA_PRIVACY_MASTER_KEY = newKey();
    },
    /** The next service on the data folder, told to serve. */
    start(killAt?: number): ServiceProcess {
      const service = next ?? load();
      next = undefined;
      service.serve(killAt).catch(() => undefined); // Its end is told by `ended`.
      return service;
    },
    /** Waits until WhatsApp has noticed that the service is gone. */
    async quiet() {
      await vi.waitUntil(() => simulator.connections() === 0, { timeout: 30_000, interval: 5 });
      await setImmediate();
      simulator.save(); // `devices` reads the file.
    },
    /** The devices that WhatsApp has for the phone, with their keys. */
    devices() {
      const account = readState(stateFile)?.accounts.find(({ phoneNumber }) => phoneNumber === PHONE_NUMBER);
      return [...(account?.devices.values() ?? [])];
    },
    /** WhatsApp asks for more keys, which must be stored before they are uploaded; the id of what it asks with. */
    askForKeys(): string {
      const id = `keys-${++keyRequests}`;
      // Baileys knows the server in this form, in which WhatsApp encodes it.
      const attrs = { from: '@s.whatsapp.net', type: 'encrypt', t: '1', id };
      phone.send(node('notification', attrs, [node('count', { value: '0' })]));
      return id;
    },
    /** Looks into a copy of the data folder, so that the next service finds it as the last one left it. */
    async stored(instance: string, preKeyIds: readonly number[] = []): Promise<Stored> {
      const copy = mkdtempSync(join(folder, 'copy-'));
      for (const file of readdirSync(dataDir)) cpSync(join(dataDir, file), join(copy, file));
      const { WA_PRIVACY_MASTER_KEY: key, WA_PRIVACY_PREVIOUS_MASTER_KEY: previous } = env;
      const store = await sqliteStore({
        file: join(copy, 'wa-privacy.db'),
        masterKey: Buffer.from(key, 'base64'),
        previousMasterKey: previous === '' ? undefined : Buffer.from(previous, 'base64'),
      });
      try {
        const bytes = await store.credentials.load(instance);
        const keys = keyStore(
          store.credentials,
          instance,
          async () => undefined,
          () => undefined,
        );
        const found = await keys.get('pre-key', preKeyIds.map(String));
        const { changes } = await store.changes.list(
          { instances: [instance], kinds: ['SETTING_CHANGED'] },
          { after: undefined, limit: 10_000 },
        );
        return {
          record: (await store.instances.list()).find(({ name }) => name === instance),
          credentials: bytes && decodeCredentials(bytes),
          preKeys: new Map(Object.entries(found).map(([id, pair]) => [Number(id), Buffer.from(pair.public)])),
          changes,
        };
      } finally {
        await store.close();
        rmSync(copy, { recursive: true });
      }
    },
    /** Ends everything, and fails when a secret stands in what a service wrote. */
    async [Symbol.asyncDispose]() {
      await Promise.all([...alive].map(service => service.end('SIGKILL')));
      await simulator.stop();
      rmSync(folder, { recursive: true });
      const found = secretsIn(logs.join('').split('\n'), [phone.phoneNumber, phone.lid]);
      if (found.length > 0) throw new Error(`secrets in the log:\n${found.join('\n')}`);
    },
  };
}
