import type { BinaryNode } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Disconnect } from '../../../src/domain/disconnect.js';
import { node } from '../../../src/simulator/wire/stanza.js';
import type { Connection } from '../../../src/whatsapp/connection/connection.js';
import { type FirstPending, offlineQueue } from '../../../src/whatsapp/session/offline-queue.js';

const TRUST_MS = 600_000;
const ACK = node('ack', { class: 'message', id: 'm1' });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The queue of a connection that hears what the test says. */
function opened() {
  const told: BinaryNode[] = [];
  const stalls: FirstPending[] = [];
  const states: string[] = [];
  const open = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Disconnect>();
  let preview: (node: BinaryNode) => unknown = () => undefined;
  let observed: Parameters<Connection['observe']>[0] = () => undefined;
  const queue = offlineQueue(
    {
      takeOver(event, listener) {
        expect(event).toBe('CB:ib,,offline_preview');
        preview = listener;
      },
      observe(listener) {
        observed = listener;
      },
      tell: async stanza => told.push(stanza) > 0,
      open: open.promise,
      ended: ended.promise,
    },
    TRUST_MS,
    pending => stalls.push(pending),
  );
  queue.onChange(() => states.push(queue.state));
  return {
    queue,
    stalls,
    states,
    asks: () => told.length,
    told,
    open: open.resolve,
    end: () => ended.resolve({ code: undefined, text: '' }),
    preview: () => preview(node('ib', {}, [node('offline_preview', { count: '450' })])),
    comes: (attrs: Record<string, string>, tag = 'message', answer: BinaryNode | undefined = ACK) =>
      observed(node(tag, { id: 'm1', from: 'x@s.whatsapp.net', ...attrs }), answer),
    drained: () =>
      observed(node('ib', {}, [node('edge_routing'), node('offline', { count: '450' })]), undefined),
  };
}

describe('a queue', () => {
  test('is asked for in batches of 200, for the next when the last has begun, until its end', async () => {
    const { asks, told, preview, comes, drained, queue } = opened();
    preview();
    expect(told).toEqual([{ tag: 'ib', attrs: {}, content: [node('offline_batch', { count: '200' })] }]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asks()).toBe(1);
    for (let batch = 0; batch < 3; batch++) {
      for (let stanza = 0; stanza < 200; stanza++) comes({ offline: `${stanza}` });
      await vi.advanceTimersByTimeAsync(99);
      expect(asks()).toBe(1 + batch);
      await vi.advanceTimersByTimeAsync(1);
      expect(asks()).toBe(2 + batch);
    }
    expect(queue.state).toBe('DELIVERING');
    comes({ offline: '600' });
    drained();
    expect(queue.state).toBe('DRAINED');
    comes({ offline: '601' });
    comes({});
    await vi.advanceTimersByTimeAsync(300_000);
    expect(asks()).toBe(4);
  });

  test('whose end comes at once is asked for nothing', async () => {
    const { asks, drained, open, states, stalls } = opened();
    drained();
    open();
    await vi.advanceTimersByTimeAsync(300_000);
    expect([asks(), states, stalls]).toEqual([0, ['DRAINED'], []]);
  });

  test('that brings nothing for a minute stands still, which is said once, until it moves', async () => {
    const { preview, comes, open, states, stalls, asks } = opened();
    open();
    preview();
    await vi.advanceTimersByTimeAsync(40_000);
    comes({ offline: '0', id: 'm7' }, 'status');
    await vi.advanceTimersByTimeAsync(59_999);
    expect(stalls).toEqual([]);
    const before = asks();
    await vi.advanceTimersByTimeAsync(1);
    expect(stalls).toEqual([{ stanza: 'status', id: 'm7' }]);
    // Asked again, in case the last wish was not heard.
    expect(asks()).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(180_000);
    expect(stalls).toHaveLength(1);
    expect(asks()).toBe(before + 4);
    comes({ offline: '1' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(['STALLED', 'DELIVERING', 'STALLED']);
    expect(stalls).toHaveLength(2);
  });

  test('stands still, as far as is known, on the first stanza that had no answer WhatsApp surely takes', async () => {
    const { preview, comes, stalls } = opened();
    preview();
    comes({ offline: '0' });
    comes({ offline: '1', type: 'account_sync' }, 'notification', undefined);
    comes({ offline: '2', id: 'odd' }, 'poll_vote', node('ack', { error: '488' }));
    comes({ offline: '3', id: 'odder' }, 'message', undefined);
    comes({ offline: '4' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stalls).toEqual([{ stanza: 'poll_vote', id: 'odd' }]);
  });

  test('of which WhatsApp says nothing at all stands still too', async () => {
    const { open, stalls, queue } = opened();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(stalls).toEqual([]); // Not logged in yet.
    open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stalls).toEqual([{ stanza: undefined, id: undefined }]);
    expect(queue.state).toBe('STALLED');
  });

  test('of a connection that has ended does nothing more', async () => {
    const { open, preview, comes, end, asks, stalls } = opened();
    open();
    preview();
    comes({ offline: '0' });
    end();
    await vi.advanceTimersByTimeAsync(0);
    comes({ offline: '1' });
    await vi.advanceTimersByTimeAsync(300_000);
    expect([asks(), stalls]).toEqual([1, []]);
  });
});

test('pushes are trusted for a minute at most until the queue is drained', () => {
  const { queue, drained } = opened();
  expect(queue.trustMs()).toBe(60_000);
  drained();
  expect(queue.trustMs()).toBe(TRUST_MS);
});
