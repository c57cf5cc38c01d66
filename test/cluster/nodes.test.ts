import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService as Nodes } from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { newDatabase } from '../stores/postgres/postgres-data.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { type RunningNode, type RunningNodes, startNodes } from './support/nodes.js';

const PATIENCE = { timeout: 120_000, interval: 100 };

/** How many instances each node has, by the database. */
async function loads(nodes: RunningNodes): Promise<Record<string, number>> {
  const held: Record<string, number> = {};
  for (const holder of Object.values(await nodes.holders()))
    held[holder ?? 'nobody'] = (held[holder ?? 'nobody'] ?? 0) + 1;
  return held;
}
const untilLoads = (nodes: RunningNodes, wanted: Record<string, number>) =>
  vi.waitFor(async () => expect(await loads(nodes)).toEqual(wanted), PATIENCE);

const create = (node: RunningNode, many: number) =>
  Promise.all(
    Array.from({ length: many }, (_, index) =>
      node.client.call(Instances.createInstance, { name: `i-${index}` }),
    ),
  );

const isConnected = (node: RunningNode, instance: string) =>
  vi.waitFor(async () => {
    const { instance: seen } = await node.client.call(Instances.getInstance, { instance });
    expect(seen?.state).toBe(State.CONNECTED);
  }, PATIENCE);

/** Which nodes logged the account in, one after another. */
const logins = (nodes: RunningNodes, phoneNumber: string) =>
  nodes.simulator.sessions(phoneNumber).map(({ target }) => target.split('=')[1]);

test('a node that makes instances runs them, until another one comes and gets its share', async () => {
  await using nodes = await startNodes(1);
  await create(nodes.node(0), 9);
  expect(await loads(nodes)).toEqual({ 'node-1': 9 });
  await nodes.start();
  await untilLoads(nodes, { 'node-1': 5, 'node-2': 4 });
  await nodes.start();
  await untilLoads(nodes, { 'node-1': 3, 'node-2': 3, 'node-3': 3 });
});

test('a node runs no more than it is told to, and the others the rest', async () => {
  await using nodes = await startNodes(1, { env: { WA_PRIVACY_NODE_INSTANCES: '3' } });
  await create(nodes.node(0), 8);
  await nodes.start({ WA_PRIVACY_NODE_INSTANCES: '0' });
  await untilLoads(nodes, { 'node-1': 3, 'node-2': 5 });
});

test('a node that is stopped hands its account over, closed here before it is opened there', async () => {
  await using nodes = await startNodes(2);
  const { instance, phone } = await nodes.linked();
  await nodes.node(0).stop();
  expect(await nodes.holders()).not.toMatchObject({ [instance]: 'node-1' });
  await isConnected(nodes.node(1), instance);
  expect(logins(nodes, phone.phoneNumber).at(-1)).toBe('node-2');
});

test('a node that is told to drain gives everything away and lives on, until it is told otherwise', async () => {
  await using nodes = await startNodes(2);
  await create(nodes.node(0), 6);
  await untilLoads(nodes, { 'node-1': 3, 'node-2': 3 });
  const { nodes: known } = await nodes.node(0).client.call(Nodes.listNodes, {});
  const nodeId = known.find(({ name }) => name === 'node-1')?.id ?? '';
  await nodes.node(1).client.call(Nodes.drainNode, { nodeId });
  await untilLoads(nodes, { 'node-2': 6 });
  await nodes.node(1).client.call(Nodes.drainNode, { nodeId, undo: true });
  await untilLoads(nodes, { 'node-1': 3, 'node-2': 3 });
});

describe('a node that its database does not hear of any more', () => {
  test('closes its connections before another one opens them, and comes back for its share', async () => {
    const database = await newDatabase();
    const proxy = await cuttingProxy(Number(new URL(database).port));
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const behindProxy = new URL(database);
    behindProxy.port = String(proxy.port);

    await using nodes = await startNodes(1, { database });
    const lonely = await nodes.start({ WA_PRIVACY_DATABASE_URL: behindProxy.href });
    const { instance, phone } = await nodes.linked(lonely);
    const others = await nodes.linked(nodes.node(0));
    expect(await nodes.holders()).toEqual({ [instance]: 'node-2', [others.instance]: 'node-1' });

    proxy.stall();
    await untilLoads(nodes, { 'node-1': 2 });
    await isConnected(nodes.node(0), instance);
    const sessions = nodes.simulator.sessions(phone.phoneNumber).slice(-2);
    expect(sessions.map(({ target }) => target.split('=')[1])).toEqual(['node-2', 'node-1']);
    expect(sessions[0]?.replaced).toBeUndefined();

    proxy.goOn();
    await untilLoads(nodes, { 'node-1': 1, 'node-2': 1 });
    await Promise.all([instance, others.instance].map(each => isConnected(nodes.node(0), each)));
  });
});
