import { expect, test } from 'vitest';
import { openNode } from '../../../src/instances/member/node.js';
import { recordKeeper } from '../../../src/instances/member/record-keeper.js';
import type { LinkRecord } from '../../../src/instances/ports/store.js';
import { linkedRecord, nodeParts } from '../support/node-parts.js';

/** A keeper whose store writes when the test lets it; `wrote` tells in which order. */
async function keeper() {
  const parts = await nodeParts();
  const wrote: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const unlinked: LinkRecord = {
    status: 'unlinked',
    statusReason: '',
    phoneNumber: '',
    linkTime: undefined,
    retryTime: undefined,
  };
  const node = openNode({
    ...parts.options,
    instances: {
      ...parts.store.instances,
      async update(_, patch) {
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        await gate.promise;
        wrote.push(Object.keys(patch).join());
      },
    },
    credentials: {
      ...parts.store.credentials,
      async clear() {
        wrote.push('cleared');
        return unlinked;
      },
    },
  });
  return { ...parts, wrote, gates, keeper: recordKeeper(linkedRecord('desk'), node) };
}

test('the record has a change once it is stored, and not when it could not be', async () => {
  const { keeper: kept, gates, faults } = await keeper();
  const named = kept.change(undefined, () => ({ displayName: 'new' }));
  await expect.poll(() => gates).toHaveLength(1);
  expect(kept.record.displayName).toBe('');
  gates[0]?.resolve();
  await named;
  expect(kept.record.displayName).toBe('new');

  const failed = kept.change(undefined, () => ({ displayName: 'newer' }));
  await expect.poll(() => gates).toHaveLength(2);
  gates[1]?.reject(new Error('disk full'));
  await expect(failed).rejects.toThrow('disk full');
  expect(kept.record.displayName).toBe('new');
  expect(faults).toEqual([new Error('disk full')]);
});

test('an account is forgotten after what was being written of it', async () => {
  const { keeper: kept, gates, wrote } = await keeper();
  kept.entered({ state: 'suspended', reason: 'banned' });
  const cleared = kept.clear(undefined);
  await expect.poll(() => gates).toHaveLength(1);
  await new Promise(resolve => setImmediate(resolve));
  expect(wrote).toEqual([]);
  gates[0]?.resolve();
  await cleared;
  expect(wrote).toEqual(['status,statusReason,retryTime', 'cleared']);
  expect(kept.record).toMatchObject({ status: 'unlinked', phoneNumber: '' });
});
