import { expect, test } from 'vitest';
import { tokens } from '../../../src/access/tokens.js';
import { startHousekeeping } from '../../../src/housekeeping.js';
import { at, bytes, digestOf } from '../contract/records.js';
import { newNodes } from './nodes.js';

test('of nodes that start at once one forgets what has had its time, for all', async () => {
  const { nodes } = await newNodes(3);
  const expired = { digest: digestOf('request'), answer: bytes('answer'), status: 'response' as const };
  await nodes[0].store.requests.save({ ...expired, key: 'k', expireTime: at(0), subject: undefined });
  const pruned: [node: number, rows: number][] = [];
  const faults: unknown[] = [];
  const ended = nodes.map(({ store }, index) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const counted = {
      ...store,
      requests: {
        ...store.requests,
        async prune(now: Date, limit: number) {
          const rows = await store.requests.prune(now, limit);
          pruned.push([index, rows]);
          return rows;
        },
      },
      shared: store.shared && {
        ...store.shared,
        tasks: {
          async begin(name: string) {
            const isMine = await store.shared?.tasks.begin(name);
            if (!isMine) resolve();
            return isMine ?? false;
          },
          async end(name: string, againInMs: number) {
            await store.shared?.tasks.end(name, againInMs);
            resolve();
          },
        },
      },
    };
    const housekeeping = startHousekeeping({
      tokens: tokens({ store: store.tokens, key: Buffer.alloc(32) }),
      store: counted,
      historyMs: undefined,
      events: { taskFailed: ({ cause }) => void faults.push(cause) },
    });
    return promise.then(() => housekeeping.stop());
  });
  await Promise.all(ended);
  expect(pruned).toEqual([[expect.any(Number), 1]]);
  expect(faults).toEqual([]);
  expect(await nodes[0].store.requests.find('k', new Date(at(0).getTime() - 1))).toBeUndefined();
});
