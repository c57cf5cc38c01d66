import { setTimeout as wait } from 'node:timers/promises';
import { type ServiceProcess, serviceProcess } from '../../../fire/support/process.js';
import { type CuttingProxy, cuttingProxy } from '../../../support/cutting-proxy.js';
import { freePort } from '../../../support/postgres-server.js';

/** When a process could do nothing; `to` is undefined while it cannot. */
export type Freeze = { readonly run: string; readonly from: number; to: number | undefined };

/** A place for one node: one process after another that listens at the same address. */
export type NodePlace = {
  /** Where its callers reach it. */
  readonly address: string;
  /** The way from here to the database. */
  readonly way: CuttingProxy;
  /** Of all processes that ran here. */
  readonly freezes: readonly Freeze[];
  /** The name of the process that runs here now, or ran here last: that of its node, its sessions and its writes. */
  run(): string;
  /** Starts the next process, again where it finds no database; fulfils when it serves. */
  start(): Promise<void>;
  /** Ends the process; fulfils when it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string>;
  /** The process can do nothing for so long. */
  freeze(ms: number): Promise<void>;
  /** What all processes wrote to stderr. */
  log(): string;
};

type Options = {
  readonly name: string;
  /** An address of its own: the port of a process that has ended stays free for the next. */
  readonly host: string;
  /** Where the database is. */
  readonly databaseUrl: string;
  /** Of the simulator. */
  readonly whatsAppUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly token: string;
};

const MOST_STARTS = 60;
const START_AGAIN_MS = 500;

/** Makes a place without a process. */
export async function nodePlace(options: Options): Promise<NodePlace> {
  const { name, host, databaseUrl, whatsAppUrl, env, token } = options;
  const way = await cuttingProxy(Number(new URL(databaseUrl).port));
  const address = `${host}:${await freePort(host)}`;
  const freezes: Freeze[] = [];
  const logs: string[] = [];
  let starts = 0;
  let service: ServiceProcess | undefined;
  const run = () => `${name}.${starts}`;

  function ownDatabaseUrl(): string {
    const url = new URL(databaseUrl);
    url.port = String(way.port);
    // By which a write tells whose it is.
    url.searchParams.set('application_name', run());
    return url.href;
  }

  async function startOnce(): Promise<void> {
    starts++;
    const started = serviceProcess(
      {
        env: {
          ...env,
          WA_PRIVACY_LISTEN: address,
          WA_PRIVACY_NODE_LISTEN: `${host}:0`,
          WA_PRIVACY_NODE_NAME: run(),
          WA_PRIVACY_DATABASE_URL: ownDatabaseUrl(),
          WA_PRIVACY_WHATSAPP_URL: `${whatsAppUrl}?run=${run()}`,
        },
      },
      token,
    );
    service = started;
    void started.ended.then(() => logs.push(started.log()));
    await started.serve();
    await started.client;
  }

  return {
    address,
    way,
    freezes,
    run,
    async start() {
      for (let attempt = 1; ; attempt++) {
        try {
          return await startOnce();
        } catch (error) {
          // A process that finds no database ends; whoever runs it starts it again.
          if (attempt === MOST_STARTS) throw error;
          await wait(START_AGAIN_MS);
        }
      }
    },
    async end(signal) {
      return service?.end(signal) ?? 'never started';
    },
    async freeze(ms) {
      const freeze: Freeze = { run: run(), from: Date.now(), to: undefined };
      freezes.push(freeze);
      service?.signal('SIGSTOP');
      await wait(ms);
      service?.signal('SIGCONT');
      freeze.to = Date.now();
    },
    log: () => logs.join('') + (service?.isAlive() ? service.log() : ''),
  };
}
