import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type ManagedInstance,
  manage,
  type StopReason,
} from '../../../src/instances/member/managed-instance.js';
import { openNode } from '../../../src/instances/member/node.js';
import type { ReadReply } from '../../../src/instances/ports/ports.js';
import { linkedRecord, nodeParts } from '../support/node-parts.js';

const REASONS: StopReason[] = ['deleted', 'shutting down'];
const HOUR_MS = 3_600_000;

let parts: Awaited<ReturnType<typeof nodeParts>>;
let desk: ManagedInstance;
beforeEach(async () => {
  // Not `performance`, with which the dialer looks whether there is time to spare.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  parts = await nodeParts();
  desk = manage(linkedRecord('desk'), openNode(parts.options));
  await vi.advanceTimersByTimeAsync(1000);
  expect(desk.view().state).toBe('CONNECTED');
  expect(parts.read).toEqual(['desk']);
});
afterEach(async () => {
  vi.useRealTimers();
  await parts.store.close();
});

describe.each(REASONS)('an instance that is stopped, %s,', reason => {
  test('does not read what a push before announced', async () => {
    parts.push('desk');
    await desk.stop(reason);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(parts.read).toEqual(['desk']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not repeat a read that ends with it', async () => {
    const answer = Promise.withResolvers<ReadReply>();
    parts.whatsApp.read = () => answer.promise;
    parts.push('desk');
    await vi.advanceTimersByTimeAsync(1000);
    const stopped = desk.stop(reason);
    answer.resolve({ kind: 'no_answer', cause: 'closed' });
    await stopped;
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(parts.read).toEqual(['desk', 'desk']);
  });

  test('never connects again, whoever tells it to', async () => {
    await desk.stop(reason);
    desk.supervisor.connect();
    desk.supervisor.hurry('any');
    desk.need()[Symbol.dispose]();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(parts.dialled).toEqual(['desk']);
  });
});

test('an instance that is deleted tells those who wait for it, one that shuts down stays as it was', async () => {
  const other = manage(linkedRecord('other'), openNode(parts.options));
  await vi.advanceTimersByTimeAsync(1000);
  await Promise.all([desk.stop('deleted'), other.stop('shutting down')]);
  expect([desk, other].map(each => each.view().state)).toEqual(['UNLINKED', 'CONNECTED']);
});

test('an instance on demand that is stopped is not parked when its time comes', async () => {
  const { options, states } = await nodeParts({ mode: 'ON_DEMAND', idleMs: 5000 });
  const { lastConnectTime: _, ...record } = linkedRecord('bot');
  const bot = manage({ ...record, lastConnectTime: undefined }, openNode(options));
  await vi.advanceTimersByTimeAsync(1000);
  expect(states).toEqual(['CONNECTED']);
  await bot.stop('shutting down');
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(states).toEqual(['CONNECTED']);
});
