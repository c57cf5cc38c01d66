import { expect, test } from 'vitest';
import { tokens } from '../../../src/access/tokens.js';
import { startHousekeeping } from '../../../src/housekeeping.js';
import { at, tokenRecord } from '../contract/records.js';
import { newNodes } from './nodes.js';

test('of nodes that start at once one forgets what has had its time, for all', async () => {
  const { nodes } = await newNodes(3);
  await nodes[0].store.tokens.put({ ...tokenRecord('expired'), expireTime: at(1) });
  let pruned = 0;
  const faults: unknown[] = [];
  const ended = nodes.map(async ({ store, shared }) => {
    const asked = Promise.withResolvers<void>();
    const ofNode = tokens({ store: store.tokens, key: Buffer.alloc(32) });
    const housekeeping = startHousekeeping({
      tokens: {
        ...ofNode,
        async prune() {
          pruned++;
          await ofNode.prune();
        },
      },
      store: {
        ...store,
        shared: {
          ...shared,
          tasks: {
            ...shared.tasks,
            begin: name => shared.tasks.begin(name).finally(asked.resolve),
          },
        },
      },
      historyMs: undefined,
      events: { taskFailed: ({ cause }) => void faults.push(cause) },
    });
    await asked.promise;
    await housekeeping.stop();
  });
  await Promise.all(ended);
  expect(pruned).toBe(1);
  expect(faults).toEqual([]);
  expect(await nodes[0].store.tokens.find('expired')).toBeUndefined();
});
