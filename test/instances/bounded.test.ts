import { describe, expect, test } from 'vitest';
import { PrivacyError } from '../../src/domain/errors.js';
import { bounded } from '../../src/instances/bounded.js';
import type { Instances } from '../../src/instances/instances.js';
import type { ListOrder, UpdateOrder } from '../../src/instances/ports/orders.js';

const limits = { deadline: performance.now() + 60_000, signal: new AbortController().signal };
const actor = { tokenId: 'id', tokenDisplayName: '' };
const rest = { validateOnly: false, etag: undefined, actor, requestId: '' };
const order: UpdateOrder = { wishes: { last_seen: 'none', profile: 'all' }, onFailure: 'STOP', ...rest };
const listOrder: ListOrder = { setting: 'last_seen', add: [], remove: [], replace: true, ...rest };

/** Instances whose calls wait until they are released, or fail. */
function waitingInstances() {
  const wait = Promise.withResolvers<never>();
  const methods = [
    'delete',
    'unlink',
    'readSettings',
    'updateSettings',
    'readContactList',
    'updateContactList',
  ];
  const waiting = Object.fromEntries(methods.map(method => [method, () => wait.promise]));
  const instances = bounded(waiting as unknown as Instances, { changes: 4, reads: 2 });
  return { instances, release: () => wait.reject(new Error('released')) };
}

const CHANGES: ((instances: Instances, name: string) => Promise<unknown>)[] = [
  (instances, name) => instances.updateSettings(name, order, limits),
  (instances, name) => instances.updateContactList(name, listOrder, limits),
  (instances, name) => instances.unlink(name, limits),
  (instances, name) => instances.delete(name, undefined, limits),
];
const READS: typeof CHANGES = [
  (instances, name) => instances.readSettings(name, undefined, limits),
  (instances, name) => instances.readContactList(name, 'last_seen', limits),
];

describe.each([
  ['changes', CHANGES],
  ['reads', READS],
])('the %s of an instance', (kind, calls) => {
  test('are refused, each of them, when as many wait as may', async () => {
    const { instances, release } = waitingInstances();
    const waiting = calls.map(call => call(instances, 'desk'));
    for (const call of calls) {
      const error = await call(instances, 'desk').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(PrivacyError);
      expect(error).toMatchObject({
        problem: {
          kind: 'RATE_LIMITED',
          limit: calls.length,
          subject: 'instance:desk',
          unit: `${kind} of the instance`,
        },
      });
    }
    release();
    for (const call of waiting) await expect(call).rejects.toThrow('released');
  });

  test('are taken again when those that waited have ended, however they did', async () => {
    const { instances, release } = waitingInstances();
    const first = calls.map(call => call(instances, 'desk'));
    release();
    await Promise.allSettled(first);
    for (const call of calls) await expect(call(instances, 'desk')).rejects.toThrow('released');
  });

  test('leave other instances, and calls of the other kind, alone', async () => {
    const { instances, release } = waitingInstances();
    const others = (kind === 'changes' ? READS : CHANGES).map(
      call => (name: string) => call(instances, name),
    );
    const waiting = [
      ...calls.map(call => call(instances, 'desk')),
      ...calls.map(call => call(instances, 'shop')),
      ...others.map(call => call('desk')),
    ];
    release();
    for (const call of waiting) await expect(call).rejects.toThrow('released');
  });
});

test('an update that is refused tells of each setting that nothing was sent for it', async () => {
  const { instances, release } = waitingInstances();
  const waiting = Array.from({ length: 4 }, () => instances.unlink('desk', limits));
  await expect(instances.updateSettings('desk', order, limits)).rejects.toMatchObject({
    update: {
      instance: 'desk',
      outcomes: [
        { setting: 'last_seen', state: 'NOT_ATTEMPTED', cause: { reason: 'RATE_LIMITED' } },
        { setting: 'profile', state: 'NOT_ATTEMPTED', cause: { reason: 'RATE_LIMITED' } },
      ],
      sent: false,
    },
  });
  release();
  await Promise.allSettled(waiting);
});
