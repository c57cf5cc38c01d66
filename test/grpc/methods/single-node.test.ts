import { expect, test } from 'vitest';
import {
  NodeServiceService as Service,
  Node_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { version } from '../../../src/package-json.js';
import { failureOf } from '../../support/call.js';
import { startService } from '../../support/service.js';

test('a process that has its data alone is the one node there is, and has nobody to hand over to', async () => {
  await using service = await startService();
  await service.linked();
  const { nodes, freeInstances } = await service.client.call(Service.listNodes, {});
  expect(freeInstances).toBe(0);
  expect(nodes).toEqual([
    {
      id: '',
      name: expect.stringMatching(/./),
      address: '',
      version,
      startTime: expect.any(Date),
      state: State.ACTIVE,
      instances: 1,
      mostInstances: 0,
      leaseLeft: undefined,
      answering: true,
    },
  ]);
  for (const call of [
    service.client.call(Service.listLeases, {}),
    service.client.call(Service.drainNode, { nodeId: 'any' }),
  ])
    expect(await failureOf(call)).toMatchObject({ reason: 'SINGLE_NODE' });
});
