import PQueue from 'p-queue';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Disconnect } from '../../../src/domain/disconnect.js';
import type { Presence } from '../../../src/domain/instance.js';
import { presenceKeeper } from '../../../src/instances/connecting/presence-keeper.js';
import type { Session } from '../../../src/instances/ports/ports.js';

const DAY_MS = 86_400_000;
const CLOSED: Disconnect = { code: undefined, text: 'closed' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An instance that is connected with this presence; `told` is what left, with the seconds since the start. */
function connected(presence: Presence, sinceDays: number) {
  const start = Date.now();
  const told: string[] = [];
  const recorded: Date[] = [];
  const queue = new PQueue({ concurrency: 1 });
  const state = { presence, since: new Date(start - sinceDays * DAY_MS), needs: 0 };
  const newSession = () => {
    const ended = Promise.withResolvers<Disconnect>();
    const tellPresence = async (type: string) => {
      told.push(`${type} ${Math.round((Date.now() - start) / 1000)}`);
      return true;
    };
    return { session: { ended: ended.promise, tellPresence } as unknown as Session, end: ended.resolve };
  };
  let live: ReturnType<typeof newSession> | undefined = newSession();
  const keeper = presenceKeeper(
    {
      presence: () => state.presence,
      session: () => live?.session,
      since: () => state.since,
      queue,
      need() {
        state.needs++;
        return { [Symbol.dispose]: () => void state.needs-- };
      },
      told(time) {
        recorded.push(time);
        state.since = time;
      },
    },
    7 * DAY_MS,
    () => 0,
  );
  keeper.settle();
  return {
    told,
    recorded,
    queue,
    state,
    keeper,
    disconnect() {
      live?.end(CLOSED);
      live = undefined;
      keeper.settle();
    },
    reconnect() {
      live = newSession();
      keeper.settle();
    },
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

test('an instance without a presence says nothing, whatever happens', async () => {
  const { told, pass, disconnect, reconnect } = connected('NONE', 40);
  await pass(60 * DAY_MS);
  disconnect();
  reconnect();
  await pass(60 * DAY_MS);
  expect(told).toEqual([]);
});

test('unavailable is said once after each login', async () => {
  const { told, recorded, keeper, pass, disconnect, reconnect } = connected('UNAVAILABLE', 0);
  keeper.settle();
  await pass(20 * DAY_MS);
  expect(told).toEqual(['unavailable 0']);
  disconnect();
  reconnect();
  await pass(1000);
  expect(told).toHaveLength(2);
  expect(recorded).toHaveLength(2);
});

describe('a pulse', () => {
  test('is five seconds long and comes every seven days', async () => {
    const { told, recorded, state, pass } = connected('PULSE', 0);
    await pass(15 * DAY_MS);
    const day = 86_400;
    expect(told).toEqual([
      `available ${7 * day}`,
      `unavailable ${7 * day + 5}`,
      `available ${14 * day + 5}`,
      `unavailable ${14 * day + 10}`,
    ]);
    expect(recorded).toHaveLength(2);
    expect(state.needs).toBe(0);
  });

  test('that is due, or nearly, comes with the login', async () => {
    for (const days of [5.5, 8, 100]) {
      const { told, pass } = connected('PULSE', days);
      await pass(11_000);
      expect(told.map(line => line.split(' ')[0])).toEqual(['available', 'unavailable']);
    }
    const { told, pass } = connected('PULSE', 5);
    await pass(DAY_MS);
    expect(told).toEqual([]);
  });

  test('waits for the updates that are under way or waiting, and keeps the instance connected', async () => {
    const { told, queue, state, pass } = connected('PULSE', 8);
    const updates = [60_000, 30_000].map(ms =>
      queue.add(() => new Promise(resolve => setTimeout(resolve, ms))),
    );
    await pass(89_000);
    expect(told).toEqual([]);
    expect(state.needs).toBe(1);
    await pass(2000);
    expect(told).toEqual(['available 90']);
    await Promise.all(updates);
  });

  test('ends when an update comes, which need not wait for it, and is made up for', async () => {
    const { told, recorded, queue, pass } = connected('PULSE', 8);
    await pass(2000);
    expect(told).toEqual(['available 0']);
    const update = vi.fn(async () => told.push('update'));
    void queue.add(update);
    await pass(0);
    expect(told).toEqual(['available 0', 'unavailable 2', 'update']);
    expect(recorded).toEqual([]);
    await pass(3_700_000);
    expect(recorded).toHaveLength(1);
  });

  test('that a disconnect cuts short is not counted, and the next login has another', async () => {
    const { told, recorded, pass, disconnect, reconnect } = connected('PULSE', 8);
    await pass(1000);
    disconnect();
    await pass(DAY_MS);
    expect(recorded).toEqual([]);
    reconnect();
    await pass(10_000);
    expect(recorded).toHaveLength(1);
    expect(told.at(-1)).toMatch(/^unavailable/);
  });

  test('is not shown any more once the presence is another one', async () => {
    const { told, state, keeper, pass } = connected('PULSE', 6.9);
    state.presence = 'NONE';
    keeper.settle();
    await pass(30 * DAY_MS);
    expect(told).toEqual([]);
  });
});
