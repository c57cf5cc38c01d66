import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { type Api, connect } from '../../src/cli/client/client.js';
import { type Measured, measured } from './processes.js';
import { copyOf, type Identity, linkTemplate, writeDataFolder, writeSimulatorState } from './seed.js';

/** A process that holds connections, and when it has made them. */
export type Fleet = {
  readonly process: Measured;
  /** Connections so far. */
  readonly connected: () => number;
  /** Milliseconds from the start of the process until all of them were there. */
  readonly connectMs: Promise<number>;
};

/** The service in a process of its own, and how to call it. */
export type Service = Fleet & { readonly api: Api; readonly address: string };

/** A bare socket on which settings are changed one after another, then read. */
export type BareChanges = {
  /** How long it took, in milliseconds, measured there. */
  readonly change: (assignments: readonly string[]) => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** A simulated WhatsApp in a process of its own, with two sets of linked accounts. */
export type Stage = {
  /** The service, with so many instances. */
  readonly service: (size: number, env?: Record<string, string>) => Promise<Service>;
  /** So many bare sockets. */
  readonly sockets: (size: number) => Fleet;
  /** What sends changes one after another. */
  readonly bareChanges: () => BareChanges;
  readonly setLatency: (ms: number) => Promise<void>;
  /** The privacy stanzas that WhatsApp received since the last call. */
  readonly takeStanzas: () => Promise<number>;
  readonly clear: () => Promise<void>;
};

/** An account token of every service. */
export const TOKEN = 'wap_bench-account-token';
const CALL_MS = 120_000;
const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** The command line. */
export const BIN = pathOf('../../bin.js');

/** Links accounts for fleets of these sizes and starts WhatsApp. */
export async function setStage(sizes: readonly number[]): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-bench-'));
  const largest = Math.max(...sizes);
  const template = await linkTemplate(folder);
  const stateFile = join(folder, 'state.json');
  writeSimulatorState(template, 2 * largest, stateFile);
  const copies = Array.from({ length: 2 * largest }, (_, index) => copyOf(template, index));
  const files = {
    data: (size: number) => join(folder, `data-${size}`),
    sockets: join(folder, 'sockets.json'),
  };
  for (const size of sizes) await writeDataFolder(files.data(size), copies.slice(0, size));

  const address = ['--listen', '127.0.0.1:0', '--control', '0'];
  const whatsApp = measured([BIN, 'simulate', ...address, '--state', stateFile]);
  const [url, rootKey, control] = await Promise.all(
    [/WHATSAPP_URL=(\S+)/, /ROOT_KEY=(\S+)/, /control interface: (\S+)/].map(
      async pattern => (await whatsApp.watch(pattern).reached(1))[1] ?? '',
    ),
  );
  if (!url || !rootKey) throw new Error('the simulator did not say where it is');
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${control}/${path}`, init);
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };

  function fleet(process: Measured, pattern: RegExp, size: number): Fleet {
    const started = performance.now();
    const { count, reached } = process.watch(pattern);
    const connectMs = size === 0 ? Promise.resolve(0) : reached(size).then(() => performance.now() - started);
    return { process, connected: count, connectMs };
  }

  /** Runs a file of this folder with so many accounts that the service does not have. */
  const bare = (file: string, size: number): Measured => {
    const identities: Identity[] = copies.slice(largest, largest + size);
    writeFileSync(files.sockets, JSON.stringify(identities));
    return measured([pathOf(file), url, rootKey, files.sockets]);
  };

  return {
    async service(size, env = {}) {
      const service = measured([BIN, 'serve'], {
        WA_PRIVACY_LISTEN: '127.0.0.1:0',
        WA_PRIVACY_DATA_DIR: files.data(size),
        WA_PRIVACY_ACCOUNT_TOKEN: TOKEN,
        WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '2000000',
        WA_PRIVACY_SETS_PER_HOUR: '0',
        WA_PRIVACY_READS_PER_HOUR: '0',
        WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
        WA_PRIVACY_LINKS_PER_HOUR: '0',
        WA_PRIVACY_NUMBER_LINKS_PER_HOUR: '0',
        WA_PRIVACY_NODE_LINKS_PER_HOUR: '0',
        WA_PRIVACY_WHATSAPP_URL: url,
        WA_PRIVACY_WHATSAPP_ROOT_KEY: rootKey,
        ...env,
      });
      const instances = fleet(service, /"state":"CONNECTED"/, size);
      const [, address = ''] = await service.watch(/^wa-privacy listening on (\S+)/).reached(1);
      const options = {
        address,
        credentials: credentials.createInsecure(),
        token: TOKEN,
        timeoutMs: CALL_MS,
      };
      return { ...instances, api: connect(options), address };
    },
    sockets: size => fleet(bare('../peers/bare-fleet.js', size), /^open$/, size),
    bareChanges() {
      const process = bare('../peers/bare-changes.js', 1);
      const open = process.watch(/^open$/).reached(1);
      const took = process.watch(/^took (\S+)/);
      return {
        async change(assignments) {
          await open;
          process.tell(assignments.join(' '));
          return Number((await took.reached(took.count() + 1))[1]);
        },
        stop: process.stop,
      };
    },
    async setLatency(latencyMs) {
      await ask('PATCH', 'behaviour', { latencyMs });
    },
    async takeStanzas() {
      const stanzas = (await ask('GET', 'stanzas?tag=iq&xmlns=privacy')) as unknown[]; // The route gives a list.
      await ask('DELETE', 'stanzas');
      return stanzas.length;
    },
    async clear() {
      await whatsApp.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
