import { expect, test } from 'vitest';
import {
  HealthCheckResponse_ServingStatus as Health,
  HealthService,
} from '../../gen/ts/grpc/health/v1/health.js';
import {
  NodeServiceService as Nodes,
  Node_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type RunningNode, startNodes } from './support/nodes.js';

const READY = ['', 'whatsapp.privacy.v1.PrivacyService', 'whatsapp'];

const healthOf = async ({ client }: RunningNode, service: string) =>
  (await client.call(HealthService.check, { service })).status;

const statesOf = async ({ client }: RunningNode) =>
  (await client.call(Nodes.listNodes, {})).nodes.map(({ name, state, instances }) => [
    name,
    state,
    instances,
  ]);

test('a node that another one tells to drain hands over, is not ready but alive, answers on, and comes back', async () => {
  await using running = await startNodes(2);
  const [first, second] = [running.node(0), running.node(1)];
  const { instance } = await running.linked(first);
  expect(await statesOf(second)).toEqual([
    ['node-1', State.ACTIVE, 1],
    ['node-2', State.ACTIVE, 0],
  ]);
  for (const node of running.nodes)
    for (const name of READY) expect(await healthOf(node, name)).toBe(Health.SERVING);

  const { nodeId, nodeName, nodeCount } = await first.client.call(Nodes.getServerInfo, {});
  expect({ nodeName, nodeCount }).toEqual({ nodeName: 'node-1', nodeCount: 2 });
  await second.client.call(Nodes.drainNode, { nodeId });
  await expect.poll(() => healthOf(first, '')).toBe(Health.NOT_SERVING);
  for (const name of READY) expect(await healthOf(first, name)).toBe(Health.NOT_SERVING);
  expect(await healthOf(first, 'alive')).toBe(Health.SERVING);
  expect(await healthOf(second, '')).toBe(Health.SERVING);

  await expect.poll(() => running.holders()).toEqual({ [instance]: 'node-2' });
  const read = await first.client.call(Privacy.getPrivacySettings, { instance });
  expect(read.settings?.visibility?.lastSeen).toBeGreaterThan(0);
  expect(await statesOf(first)).toEqual([
    ['node-1', State.DRAINING, 0],
    ['node-2', State.ACTIVE, 1],
  ]);

  await first.client.call(Nodes.drainNode, { nodeId, undo: true });
  await expect.poll(() => healthOf(first, '')).toBe(Health.SERVING);
});
