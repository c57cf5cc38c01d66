import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Due, dueIn } from '../../../src/domain/time/due.js';
import { idleConnections } from '../../../src/instances/connecting/idle-connections.js';
import { nextContact, parking } from '../../../src/instances/connecting/parking.js';
import { fakeNode, superviseOn } from '../support/node.js';

const DAY_MS = 86_400_000;
const IDLE_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the idle connections', () => {
  test('end after the idle time, and not before', () => {
    const idle = idleConnections({ idleMs: IDLE_MS, most: 10 });
    const end = vi.fn();
    idle.add(end);
    vi.advanceTimersByTime(IDLE_MS - 1);
    expect(end).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(end).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(DAY_MS);
    expect(end).toHaveBeenCalledOnce();
  });

  test('are so many at most: the one idle longest ends first', () => {
    const idle = idleConnections({ idleMs: IDLE_MS, most: 2 });
    const ended: string[] = [];
    const ends = ['a', 'b', 'c', 'd'].map(name => () => void ended.push(name));
    for (const end of ends.slice(0, 3)) idle.add(end);
    expect(ended).toEqual(['a']);
    // Needed in between, `b` is not the one idle longest any more.
    idle.remove(ends[1] as () => void);
    idle.add(ends[1] as () => void);
    idle.add(ends[3] as () => void);
    expect(ended).toEqual(['a', 'c']);
  });

  test('that are added again are idle since the first time', () => {
    const idle = idleConnections({ idleMs: IDLE_MS, most: 1 });
    const end = vi.fn();
    idle.add(end);
    vi.advanceTimersByTime(IDLE_MS / 2);
    idle.add(end);
    vi.advanceTimersByTime(IDLE_MS / 2);
    expect(end).toHaveBeenCalledOnce();
  });
});

/** An instance on demand, parked at first, and who needs it. */
function parked(most = 10) {
  const node = fakeNode(() => 'open');
  const supervisor = superviseOn(node, 'desk', { state: 'parked', ...dueIn(7 * DAY_MS) });
  const park = vi.fn(() => supervisor.park(dueIn(7 * DAY_MS)));
  const { need, settle } = parking(idleConnections({ idleMs: IDLE_MS, most }), {
    mayPark: () => supervisor.connection.state === 'connected',
    park,
    unpark: () => supervisor.connection.state === 'parked' && supervisor.connect(),
  });
  const settled = async (ms = 20) => {
    await vi.advanceTimersByTimeAsync(ms);
    settle();
  };
  return { node, supervisor, need, settled, park };
}

describe('a parked instance', () => {
  test('is not dialled until somebody needs it', async () => {
    const { node, supervisor, need, settled } = parked();
    await settled(DAY_MS);
    expect(node.made).toHaveLength(0);
    need();
    await settled();
    expect(node.made).toHaveLength(1);
    expect(supervisor.connection.state).toBe('connected');
  });

  test('stays connected while one of many needs it, and for the idle time after the last', async () => {
    const { supervisor, need, settled } = parked();
    const needs = [need(), need(), need()];
    await settled();
    for (const each of needs) {
      await settled(10 * IDLE_MS);
      expect(supervisor.connection.state).toBe('connected');
      each[Symbol.dispose]();
    }
    await settled(IDLE_MS - 1);
    expect(supervisor.connection.state).toBe('connected');
    await settled(1);
    expect(supervisor.connection.state).toBe('parked');
  });

  test('that is needed while its connection ends is connected again once that has ended', async () => {
    const { node, supervisor, need, settled } = parked();
    need()[Symbol.dispose]();
    await settled();
    await vi.advanceTimersByTimeAsync(IDLE_MS);
    expect(supervisor.connection.state).toBe('parked');
    need();
    expect(supervisor.connection.state).toBe('connecting');
    await settled();
    expect(supervisor.connection.state).toBe('connected');
    expect(node.made).toHaveLength(2);
    expect(node.live.size).toBe(1);
  });

  test('is connected at its time although nobody needs it', async () => {
    const { node, supervisor, settled } = parked();
    await settled(7 * DAY_MS - 100);
    expect(node.made).toHaveLength(0);
    await settled(200);
    expect(node.made).toHaveLength(1);
    await settled(IDLE_MS);
    expect(supervisor.connection.state).toBe('parked');
  });

  test('takes its rest at any time', async () => {
    const { node, supervisor, need, settled } = parked();
    await supervisor.rest({ state: 'unlinked' });
    need();
    await settled(30 * DAY_MS);
    expect(node.made).toHaveLength(0);
    expect(supervisor.connection.state).toBe('unlinked');
  });
});

test('the next contact is within seven days of the last connect, and not the same for all', () => {
  const last = new Date();
  expect(nextContact(last, () => 0).until.getTime() - last.getTime()).toBe(7 * DAY_MS);
  expect(nextContact(last, () => 0.999).until.getTime() - last.getTime()).toBeGreaterThan(6 * DAY_MS);
});

describe('a wall clock that is set', () => {
  const leftMs = ({ dueAt }: Due) => dueAt - performance.now();

  test.each([-365, -1, 1, 365])('by %d days lets a stored instance wait for seven days at most', days => {
    const last = new Date();
    vi.setSystemTime(last.getTime() + days * DAY_MS);
    expect(leftMs(nextContact(last, () => 0))).toBeLessThanOrEqual(7 * DAY_MS);
    expect(leftMs(nextContact(last, () => 0))).toBeGreaterThanOrEqual(0);
  });

  test.each([-1, 1])('by %d day changes nothing for one that is parked', async days => {
    const { node, supervisor, settled } = parked();
    vi.setSystemTime(Date.now() + days * DAY_MS);
    await settled(7 * DAY_MS - 1000);
    expect(node.made).toHaveLength(0);
    await settled(2000);
    expect(supervisor.connection.state).toBe('connected');
  });
});
