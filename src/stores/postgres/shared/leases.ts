import type { KnownNode, Lease, LeaseStore, NodeDescription } from '../../../cluster/ports.js';
import type { Connections } from '../connections.js';
import { NOW_TEXT as NOW } from './database-time.js';
import type { Fences } from './fences.js';
import type { Newsdesk } from './newsroom.js';

type NodeRow = {
  id: string;
  name: string;
  address: string;
  version: string;
  most_instances: number | null;
  is_draining: number;
  start_time: number;
  left_ms: number;
};

/**
 * Nodes and leases in the database.
 *
 * @param renewing What keeps this node alive waits for nothing else, and so goes over connections of its own.
 */
export function leaseStore(
  work: Pick<Connections, 'connect'>,
  renewing: Pick<Connections, 'connect'>,
  { self, become, held, take }: Pick<Fences, 'self' | 'become' | 'held' | 'take'>,
  { tell }: Pick<Newsdesk, 'tell'>,
): LeaseStore {
  /** Whether the database may know of instances of this node of which it does not know itself: an answer was lost. */
  let isUnsure = false;

  async function run<Row extends Record<string, unknown>>(
    sql: string,
    parameters: readonly unknown[] = [],
    { connect } = work,
  ): Promise<Row[]> {
    const connection = await connect();
    try {
      return (await connection.query<Row>(sql, parameters)).rows;
    } finally {
      connection.release();
    }
  }

  /** Changes who holds what. */
  async function change<Row extends Record<string, unknown>>(sql: string, parameters: readonly unknown[]) {
    try {
      const rows = await run<Row>(sql, parameters);
      if (rows.length > 0) tell({ about: 'leases' });
      return rows;
    } catch (error) {
      isUnsure = true;
      throw error;
    }
  }

  async function known(me: string): Promise<Lease[]> {
    if (!isUnsure) return [];
    const leases = await run<Lease>('select instance, node, epoch from lease where node = $1', [me]);
    isUnsure = false;
    return leases.filter(({ instance }) => !held.has(instance));
  }

  const renewal = `update node set expire_time = ${NOW} + $2 where id = $1 and expire_time > ${NOW} returning id`;

  return {
    async join({ id, name, address, version, mostInstances }: NodeDescription, ttlMs) {
      await run(
        `insert into node (id, name, address, version, most_instances, start_time, expire_time)
           values ($1, $2, $3, $4, $5, ${NOW}, ${NOW} + $6)`,
        [id, name, address, version, mostInstances ?? null, ttlMs],
      );
      become(id);
      // Of instances that came before there were leases, or from another engine.
      await run('insert into lease (instance, epoch) select name, 0 from instance on conflict do nothing');
      tell({ about: 'nodes' });
    },

    async renew(ttlMs) {
      const me = self();
      const [row] = await run(renewal, [me, ttlMs], renewing);
      if (!row && me === self()) held.clear();
      return row !== undefined;
    },

    async buryDead() {
      const dead = await run(`delete from node where expire_time <= ${NOW} returning id`);
      if (dead.length > 0) tell({ about: 'nodes' });
      return dead.length;
    },

    async claim(most) {
      const me = self();
      const forgotten = await known(me);
      const claimed = await change<Lease>(
        `update lease set node = $1, epoch = epoch + 1 where instance in (
           select instance from lease where node is null order by instance limit $2 for update skip locked
         ) returning instance, node, epoch`,
        [me, most],
      );
      const taken = [...forgotten, ...claimed];
      take(me, taken);
      return taken;
    },

    async claimOne(instance) {
      const me = self();
      const [lease] = await change<Lease>(
        `update lease set node = $1, epoch = epoch + 1 where instance = $2 and node is null
           returning instance, node, epoch`,
        [me, instance],
      );
      if (lease) take(me, [lease]);
      return lease;
    },

    async release(instances) {
      for (const instance of instances) held.delete(instance);
      await change('update lease set node = null where node = $1 and instance = any($2) returning instance', [
        self(),
        instances,
      ]);
    },

    async leave() {
      held.clear();
      await run('delete from node where id = $1', [self()]);
      tell({ about: 'nodes' });
    },

    async setDraining(node, isDraining) {
      const rows = await run('update node set is_draining = $2 where id = $1 returning id', [
        node,
        isDraining ? 1 : 0,
      ]);
      tell({ about: 'nodes' });
      return rows.length > 0;
    },

    async nodes() {
      const rows = await run<NodeRow>(
        `select *, expire_time - ${NOW} as left_ms from node order by start_time, id`,
      );
      return rows.map(toNode);
    },

    leases: () => run<LeaseRow>('select instance, node, epoch from lease').then(rows => rows.map(toLease)),

    leasesAfter: (instance, most) =>
      run<LeaseRow>(
        `select instance, node, epoch from lease where instance collate "C" > $1
           order by instance collate "C" limit $2`,
        [instance, most],
      ).then(rows => rows.map(toLease)),

    async loads() {
      const rows = await run<{ node: string | null; count: number }>(
        'select node, count(*) as count from lease group by node',
      );
      return new Map(rows.map(({ node, count }) => [node ?? undefined, count]));
    },

    async leaseOf(instance) {
      const [row] = await run<LeaseRow>('select instance, node, epoch from lease where instance = $1', [
        instance,
      ]);
      return row && toLease(row);
    },

    held: () => held,
  };
}

type LeaseRow = { instance: string; node: string | null; epoch: number };

const toLease = ({ instance, node, epoch }: LeaseRow): Lease => ({
  instance,
  node: node ?? undefined,
  epoch,
});

const toNode = (row: NodeRow): KnownNode => ({
  id: row.id,
  name: row.name,
  address: row.address,
  version: row.version,
  mostInstances: row.most_instances ?? undefined,
  startTime: new Date(row.start_time),
  isDraining: row.is_draining !== 0,
  leftMs: row.left_ms,
});
