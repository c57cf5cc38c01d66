import { expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { type RunningNode, type RunningNodes, startNodes } from './support/nodes.js';

const PATIENCE = { timeout: 120_000, interval: 100 };

const counts = async (nodes: RunningNodes) => {
  const holders = Object.values(await nodes.holders());
  return Object.fromEntries(
    Object.entries(Object.groupBy(holders, holder => holder ?? 'nobody')).map(([name, all]) => [
      name,
      all?.length,
    ]),
  );
};

const create = (node: RunningNode, many: number) =>
  Promise.all(
    Array.from({ length: many }, (_, index) =>
      node.client.call(Instances.createInstance, { name: `i-${index}` }),
    ),
  );

test('a node that makes instances runs them, until another one comes and gets its share', async () => {
  await using nodes = await startNodes(1);
  await create(nodes.node(0), 9);
  expect(await counts(nodes)).toEqual({ 'node-1': 9 });
  await nodes.start();
  await vi.waitFor(async () => expect(await counts(nodes)).toEqual({ 'node-1': 5, 'node-2': 4 }), PATIENCE);
  await nodes.start();
  await vi.waitFor(
    async () => expect(await counts(nodes)).toEqual({ 'node-1': 3, 'node-2': 3, 'node-3': 3 }),
    PATIENCE,
  );
});

test('a node that is stopped hands over what it has', async () => {
  await using nodes = await startNodes(2);
  const { instance, phone } = await nodes.linked();
  await nodes.node(0).stop();
  await vi.waitFor(async () => expect(await nodes.holders()).toEqual({ [instance]: 'node-2' }), PATIENCE);
  await vi.waitFor(() => {
    const [first, second] = nodes.simulator.sessions(phone.phoneNumber).slice(-2);
    expect([first?.target, second?.target]).toEqual(['/ws/chat?node=node-1', '/ws/chat?node=node-2']);
    expect(first?.until).toBeLessThanOrEqual(second?.from ?? 0);
  }, PATIENCE);
});
