import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCluster } from '../../src/cluster/cluster.js';
import type { Cluster, LeaseStore, NodeInstances } from '../../src/cluster/ports.js';
import type { InstanceState } from '../../src/domain/instance.js';
import type { Store } from '../../src/stores/store.js';
import { instanceRecord } from '../stores/contract/records.js';
import { administer, newDatabase, openPostgres } from '../stores/postgres/postgres-data.js';

const PATIENCE = { timeout: 60_000, interval: 20 };

/** Instances that run nowhere: which do here, and what is known of others. */
function instancesOf() {
  const running = new Map<string, InstanceState>();
  const known = new Set<string>();
  const gaveUp: string[] = [];
  let giving: Promise<void> = Promise.resolve();
  const instances: NodeInstances = {
    begin(records) {
      for (const { name } of records) running.set(name, 'CONNECTED');
    },
    async giveUp(names) {
      for (const name of names) running.delete(name);
      gaveUp.push(...names);
      await giving;
    },
    know(records, gone) {
      for (const { name } of records) known.add(name);
      for (const name of gone) known.delete(name);
    },
    running: () => [...running].map(([name, state]) => ({ name, state })),
    select: () => [...known, ...running.keys()],
  };
  return {
    instances,
    running: () => [...running.keys()].sort(),
    known: () => [...known].sort(),
    gaveUp,
    /** What is given up ends when this fulfils. */
    hold(until: Promise<void>) {
      giving = until;
    },
  };
}

type TestNode = ReturnType<typeof instancesOf> & {
  readonly cluster: Cluster;
  readonly store: Store;
  readonly leases: LeaseStore;
  readonly failures: unknown[];
  make(...names: string[]): Promise<void>;
};

/** A node that takes part, with a real database and no WhatsApp. */
async function startNode(url: string, mostInstances?: number): Promise<TestNode> {
  const store = await openPostgres(url, { node: { id: randomUUID(), listenUrl: undefined } });
  if (!store.shared) throw new Error('nothing is shared');
  const failures: unknown[] = [];
  const cluster = openCluster({
    shared: store.shared,
    store: store.instances,
    node: { name: 'node', version: '1', mostInstances },
    log: {
      nodeStanding: () => undefined,
      instancesMoved: () => undefined,
      taskFailed: failure => void failures.push(failure),
    },
  });
  const own = instancesOf();
  await cluster.start(own.instances, '127.0.0.1:1');
  onTestFinished(() => cluster.stop().catch(() => undefined)); // Of some the store is closed already.
  return {
    ...own,
    cluster,
    store,
    leases: store.shared.leases,
    failures,
    async make(...names) {
      for (const name of names) {
        await store.instances.create(instanceRecord(name));
        own.instances.begin([instanceRecord(name)]);
      }
    },
  };
}

/** For the database, the time of this node is over. */
const die = (url: string, node: TestNode) =>
  administer([`update node set expire_time = 0 where id = '${node.cluster.self().id}'`], url);

const NEVER = new AbortController().signal;

describe('a call', () => {
  test('for an instance that was made a moment ago finds its node in the database', async () => {
    const url = await newDatabase();
    const [one, other] = [await startNode(url), await startNode(url)];
    await one.make('a');
    expect(one.cluster.routing.holderOf('a')).toEqual({ kind: 'here', epoch: 1 });
    expect(await other.cluster.routing.settledHolderOf('a', NEVER)).toEqual({
      kind: 'elsewhere',
      node: { id: one.cluster.self().id, name: 'node', address: '127.0.0.1:1' },
      epoch: 1,
    });
    expect(other.cluster.routing.holderOf('a').kind).toBe('elsewhere');
    expect(other.cluster.routing.others().map(({ id }) => id)).toEqual([one.cluster.self().id]);
  });

  test('for an instance that nobody runs has it taken here, where it is not the turn of others', async () => {
    const url = await newDatabase();
    const node = await startNode(url);
    await node.make('a');
    await node.instances.giveUp(['a']);
    await node.leases.release(['a']);
    expect(await node.cluster.routing.settledHolderOf('a', NEVER)).toEqual({ kind: 'here', epoch: 2 });
    expect(node.running()).toEqual(['a']);
  });

  test('for an instance that nobody may run waits until its time is over', async () => {
    const url = await newDatabase();
    const node = await startNode(url);
    await node.make('b');
    await node.cluster.drain();
    const over = new AbortController();
    const waiting = node.cluster.routing.settledHolderOf('b', over.signal);
    expect(await Promise.race([waiting, new Promise(resolve => setTimeout(resolve, 300, 'waits'))])).toBe(
      'waits',
    );
    over.abort();
    expect(await waiting).toEqual({ kind: 'nobody' });
  });

  test('for an instance that is not there does not wait', async () => {
    const node = await startNode(await newDatabase());
    expect(await node.cluster.routing.settledHolderOf('a', NEVER)).toEqual({ kind: 'nobody' });
  });
});

describe('a node that was taken for dead', () => {
  test('must not act, ends what it runs, and only then comes back as another one', async () => {
    const url = await newDatabase();
    const [dead, heir] = [await startNode(url), await startNode(url)];
    await dead.make('a'); // No more than its share: it gives nothing away by itself.
    const before = dead.cluster.self().id;
    const ending = Promise.withResolvers<void>();
    dead.hold(ending.promise);
    onTestFinished(() => ending.resolve());
    await die(url, dead);
    await vi.waitFor(() => expect(heir.running()).toEqual(['a']), PATIENCE);
    await vi.waitFor(() => expect(dead.gaveUp).toEqual(['a']), PATIENCE);
    expect(dead.cluster.membership.mayAct('a')).toBe(false);
    // As long as something of it may be written it takes nothing.
    expect(dead.cluster.self().id).toBe(before);
    ending.resolve();
    await vi.waitFor(() => expect(dead.cluster.self().id).not.toBe(before), PATIENCE);
    expect(dead.cluster.readiness.isReady()).toBe(true);
  });
});

test('an instance that another node has taken ends here, and no other', async () => {
  const url = await newDatabase();
  const node = await startNode(url);
  await node.make('a', 'b');
  await administer([`update lease set node = null, epoch = epoch + 1 where instance = 'a'`], url);
  await vi.waitFor(() => expect(node.gaveUp).toEqual(['a']), PATIENCE);
  // And, as it is alone, it takes it again.
  await vi.waitFor(() => expect(node.running()).toEqual(['a', 'b']), PATIENCE);
  expect(node.cluster.routing.holderOf('a')).toEqual({ kind: 'here', epoch: 3 });
});

test('what others make, and what they remove, is known here', async () => {
  const url = await newDatabase();
  const [one, other] = [await startNode(url), await startNode(url)];
  await one.make('a'); // No more than its share: it stays.
  await vi.waitFor(() => expect(other.known()).toEqual(['a']), PATIENCE);
  await one.store.instances.remove('a');
  await vi.waitFor(() => expect(other.known()).toEqual([]), PATIENCE);
});

test('a node that drains hands all over, and is not ready', async () => {
  const url = await newDatabase();
  const [one, other] = [await startNode(url), await startNode(url)];
  const names = Array.from({ length: 120 }, (_, index) => `i${String(index).padStart(3, '0')}`);
  await one.make(...names);
  await one.cluster.drain();
  expect(one.running()).toEqual([]);
  expect(one.cluster.readiness.isReady()).toBe(false);
  await vi.waitFor(() => expect(other.running()).toEqual(names), PATIENCE);
  expect([...one.failures, ...other.failures]).toEqual([]);
});
