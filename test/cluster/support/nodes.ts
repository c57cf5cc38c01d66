import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect } from 'vitest';
import type { App } from '../../../src/app.js';
import {
  type NewAccount,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../src/simulator/index.js';
import { newDatabase } from '../../stores/postgres/postgres-data.js';
import type { Caller } from '../../support/call.js';
import { envOf, linkedThrough, searchLogFor, startApp } from '../../support/service.js';

/** One of several services on a database, and a client of it. */
export type RunningNode = {
  /** `node-1`, as the others and the log call it. */
  readonly name: string;
  readonly app: App;
  readonly address: string;
  readonly client: Caller;
  /** What it logged, line by line. */
  readonly log: readonly string[];
  /** As on SIGTERM. */
  stop(): Promise<void>;
};

/**
 * Several nodes, one database, one simulated WhatsApp. Disposing of it ends everything, and fails when two nodes had an
 * account connected at the same time, or a secret stands in a log.
 */
export type RunningNodes = Awaited<ReturnType<typeof startNodes>>;

/** Starts so many nodes, one after another; within a test of the project `postgres`. */
export async function startNodes(
  count: number,
  options: {
    readonly simulator?: SimulatorOptions;
    /** Of all nodes. */
    readonly env?: Record<string, string>;
    /** Of a database that is empty; a new one when not said. */
    readonly database?: string;
  } = {},
) {
  const simulator = await startSimulator({
    ...options.simulator,
    behaviour: { preKeys: 'not_asked', ...options.simulator?.behaviour },
  });
  const database = options.database ?? (await newDatabase());
  const masterKey = randomBytes(32).toString('base64');
  const folders: string[] = [];
  const nodes: RunningNode[] = [];
  const stopped = new Set<RunningNode>();
  let linked = 0;

  /** One more; @param env Of it alone. */
  async function start(env: Record<string, string> = {}): Promise<RunningNode> {
    const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-node-'));
    folders.push(folder);
    const name = `node-${folders.length}`;
    const log: string[] = [];
    // By which the record of logins tells them apart.
    const url = `${simulator.url}?node=${name}`;
    const running = await startApp(
      {
        ...envOf({ ...simulator, url }, folder),
        WA_PRIVACY_DATABASE_URL: database,
        WA_PRIVACY_MASTER_KEY: masterKey,
        WA_PRIVACY_NODE_LISTEN: '127.0.0.1:0',
        WA_PRIVACY_NODE_NAME: name,
        ...options.env,
        ...env,
      },
      log,
    );
    const node: RunningNode = {
      ...running,
      name,
      log,
      async stop() {
        if (stopped.has(node)) return;
        stopped.add(node);
        running.client.close();
        await running.app.stop();
      },
    };
    nodes.push(node);
    return node;
  }
  for (let index = 0; index < count; index++) await start();

  /** The node with this index, which must be there. */
  function node(index: number): RunningNode {
    const found = nodes[index];
    if (!found) throw new Error(`no node ${index}`);
    return found;
  }

  return {
    simulator,
    database,
    nodes,
    node,
    start,

    /** A new instance, linked through this node, which runs it at first. */
    linked: (through: RunningNode = node(0), account: Partial<NewAccount> = {}) =>
      linkedThrough(through.client, simulator, ++linked, account),

    /** The name of the node that has each instance, by the database; undefined for nobody. */
    async holders(): Promise<Record<string, string | undefined>> {
      const rows = await query<{ instance: string; name: string | null }>(
        database,
        'select instance, name from lease left join node on node.id = lease.node',
      );
      return Object.fromEntries(rows.map(({ instance, name }) => [instance, name ?? undefined]));
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(each => each.stop()));
      await simulator.stop();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      expect(overlaps(simulator)).toEqual([]);
      for (const { log } of nodes) searchLogFor(simulator, log);
    },
  };
}

/** Where a device logged in through one node before another node had closed its connection, as WhatsApp saw it. */
const overlaps = (simulator: Simulator): string[] =>
  simulator.phones().flatMap(({ phoneNumber }) => {
    const sessions = simulator.sessions(phoneNumber);
    return sessions.flatMap((later, index) =>
      sessions
        .slice(0, index)
        .filter(({ device, target }) => device === later.device && target !== later.target)
        .filter(({ until = Number.POSITIVE_INFINITY }) => until > later.from)
        .map(({ target, until }) => `${target} until ${until}, ${later.target} from ${later.from}`),
    );
  });

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
