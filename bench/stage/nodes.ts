import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresServer } from '../../test/support/postgres-server.js';
import type { Service, Stage } from './stage.js';

/** A PostgreSQL of the bench's own with the instances of one of its services, and nodes on it. */
export type Nodes = Awaited<ReturnType<typeof openNodes>>;

const LOOK_EVERY_MS = 20;

/** Starts a database with so many instances. */
export async function openNodes(stage: Stage, size: number) {
  const server = await postgresServer();
  const url = `${server.url}/postgres`;
  const masterKey = randomBytes(32);
  await stage.writeDatabase(size, url, masterKey);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let names = 0;

  /** Which node runs each instance, by their names; those that nobody runs are left out. */
  async function holders(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await client.query<{ instance: string; name: string }>(
      'select lease.instance, node.name from lease join node on node.id = lease.node',
    );
    return new Map(rows.map(({ instance, name }) => [instance, name]));
  }

  return {
    holders,
    /** One more node, once it serves. */
    async start(env: Record<string, string> = {}): Promise<Service & { readonly name: string }> {
      const name = `node-${++names}`;
      const service = await stage.service(size, {
        WA_PRIVACY_DATABASE_URL: url,
        WA_PRIVACY_MASTER_KEY: masterKey.toString('base64'),
        WA_PRIVACY_NODE_LISTEN: '127.0.0.1:0',
        WA_PRIVACY_NODE_NAME: name,
        ...env,
      });
      return { ...service, name };
    },
    /** Until all are held, and so by each of these nodes the same number, or one less. */
    async sharedOut(nodes: readonly { readonly name: string }[]): Promise<void> {
      const share = Math.ceil(size / nodes.length);
      for (;;) {
        const counts = Map.groupBy((await holders()).values(), name => name);
        const held = nodes.map(({ name }) => counts.get(name)?.length ?? 0);
        if (held.reduce((a, b) => a + b) === size && Math.max(...held) <= share) return;
        await sleep(LOOK_EVERY_MS);
      }
    },
    async close() {
      await client.end();
      await server.remove();
    },
  };
}
