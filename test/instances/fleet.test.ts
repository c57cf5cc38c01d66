import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Disconnect } from '../../src/domain/disconnect.js';
import { PrivacyError } from '../../src/domain/errors.js';
import { DIALS_PER_SECOND, spareTime } from '../../src/instances/connecting/spare-time.js';
import { type Dial, fakeNode, type Supervised, superviseOn, type Verdict } from './support/node.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SIZE = 1000;
/** A login over 100 ms of round trip, as measured. */
const LOGIN_MS = 400;
const OUTDATED: Disconnect = {
  code: 405,
  text: 'outdated',
  culprit: { kind: 'client_version', version: '2.3000.1', ageDays: 130 },
};
const LIMITED = { code: 429, text: 'limited' };
const DOWN = { code: 503, text: 'down' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** How busy the event loop is cannot be asked in virtual time. */
const idleNode = () => spareTime(undefined, () => 0);

/** A node that supervises a thousand instances, or fewer. */
function fleet(verdict: (dial: Dial) => Verdict, size = SIZE) {
  const node = fakeNode(verdict, LOGIN_MS, idleNode());
  const members = Array.from({ length: size }, (_, index) => superviseOn(node, `desk-${index}`));
  return { node, members };
}
const states = (members: readonly Supervised[]) => new Set(members.map(({ connection }) => connection.state));
/** The most dials in any window of so many milliseconds. */
function most(made: readonly Dial[], windowMs: number): number {
  let [from, most] = [0, 0];
  for (const [index, { at }] of made.entries()) {
    while (at - (made[from]?.at ?? at) >= windowMs) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
const secondsUntil = async (done: () => boolean) => {
  const start = Date.now();
  while (!done()) await vi.advanceTimersByTimeAsync(1000);
  return (Date.now() - start) / 1000;
};

describe('a thousand instances', () => {
  test('that start together are spread, and are soon all connected', async () => {
    const { node } = fleet(() => 'open');
    expect(await secondsUntil(() => node.live.size === SIZE)).toBeLessThan(60);
    expect(most(node.made, 1000)).toBeLessThanOrEqual(DIALS_PER_SECOND);
    expect(node.made).toHaveLength(SIZE);
  });

  test.each([
    ['for a moment', 0],
    ['for five minutes', 5 * MINUTE_MS],
  ])('that lose WhatsApp together %s are spread, and all back in a quarter of an hour', async (_, downMs) => {
    const { node } = fleet(() => 'open');
    await secondsUntil(() => node.live.size === SIZE);
    const [dropped, dialled] = [Date.now(), node.made.length];
    node.verdict = ({ at }) => (at - dropped < downMs ? DOWN : 'open');
    for (const drop of node.live.values()) drop({ code: 428, text: 'gone' });
    expect(node.live.size).toBe(0);
    expect(await secondsUntil(() => node.live.size === SIZE)).toBeLessThan(15 * 60);
    expect(most(node.made.slice(dialled), 1000)).toBeLessThanOrEqual(DIALS_PER_SECOND);
  });

  test('that are told to rest before their turn do so at once', async () => {
    const { node, members } = fleet(() => 'open');
    await vi.advanceTimersByTimeAsync(1000);
    const dialled = node.made.length;
    expect(dialled).toBeLessThan(100);
    const rested = Promise.all(members.map(member => member.rest({ state: 'unlinked' })));
    await vi.advanceTimersByTimeAsync(LOGIN_MS);
    await rested;
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(node.made).toHaveLength(dialled);
    expect(node.live.size).toBe(0);
  });
});

describe('a node that is far from WhatsApp', () => {
  test('dials more at the same time with each login that is accepted, and few again after a refusal', async () => {
    const { node } = fleet(() => 'open');
    const firstSecond = await secondsUntil(() => node.live.size > 0).then(() => node.made.length);
    await secondsUntil(() => node.live.size > 200);
    expect(most(node.made, LOGIN_MS)).toBe(64);
    expect(firstSecond).toBeLessThan(64);
    node.verdict = () => LIMITED;
    await vi.advanceTimersByTimeAsync(LOGIN_MS);
    const refused = node.made.length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(node.made.length - refused).toBeLessThanOrEqual(3 * 4);
  });
});

describe('a node whose client is outdated', () => {
  test('tries with one account in five minutes, and shows the others why they wait', async () => {
    const { node, members } = fleet(() => OUTDATED, 100);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    // What was under way when the first refusal came.
    expect(node.made.length).toBeLessThanOrEqual(4);
    const before = node.made.length;

    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    const probes = node.made.slice(before);
    expect(most(probes, 5 * MINUTE_MS)).toBe(1);
    expect(probes.length).toBeGreaterThan(24 * 11);
    expect(new Set(probes.map(({ instance }) => instance)).size).toBeGreaterThan(1);
    for (const { connection } of members) {
      expect(connection).toMatchObject({ state: 'backing_off', reason: 'outdated' });
      const waitMs = 'until' in connection ? Number(connection.until) - Date.now() : 0;
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(5 * MINUTE_MS);
    }
  });

  test('is all back soon after the first login that WhatsApp accepts', async () => {
    const { node } = fleet(() => OUTDATED);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    node.verdict = () => 'open';
    await secondsUntil(() => node.live.size > 0);
    expect(await secondsUntil(() => node.live.size === SIZE)).toBeLessThan(60);
  });

  test('does not dial because somebody asks it to', async () => {
    const node = fakeNode(() => OUTDATED);
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    for (let i = 0; i < 100; i++) {
      desk.connect();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(node.made).toHaveLength(1);
    expect(desk.connection).toMatchObject({ state: 'backing_off', reason: 'outdated' });
  });

  test('links nothing, and says when it may', async () => {
    const node = fakeNode(() => OUTDATED);
    superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    const options = {
      signal: new AbortController().signal,
      expectedPhoneNumber: undefined,
      onCode: () => undefined,
    };
    const refused = await node.dialer.link('other', { kind: 'qr' }, options).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PrivacyError);
    expect(refused).toMatchObject({
      problem: { kind: 'CLIENT_OUTDATED', version: '2.3000.1', ageDays: 130 },
    });
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
    node.verdict = () => 'open';
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect(await node.dialer.link('other', { kind: 'qr' }, options)).toEqual({ kind: 'cancelled' });
  });
});

describe('a node that WhatsApp limits', () => {
  test('holds all dials back, longer each time, and then goes on', async () => {
    const { node, members } = fleet(() => LIMITED);
    await vi.advanceTimersByTimeAsync(1000);
    expect(states(members)).toEqual(new Set(['connecting', 'backing_off']));
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    // 8, 13, 21 … 233 s of hold, each ended by what is under way when the next refusal comes.
    expect(node.made.length).toBeLessThanOrEqual(10 * 8);
    expect(most(node.made, 6000)).toBeLessThanOrEqual(8);
    node.verdict = () => 'open';
    expect(await secondsUntil(() => node.live.size === SIZE)).toBeLessThan(15 * 60);
  });

  test('in a session keeps the others from dialling too, and their sessions alive', async () => {
    const node = fakeNode(() => 'open');
    const [desk, other] = [superviseOn(node, 'desk'), superviseOn(node, 'other')];
    await vi.advanceTimersByTimeAsync(1000);
    node.live.get('desk')?.(LIMITED);
    await vi.advanceTimersByTimeAsync(100);
    expect(desk.connection).toMatchObject({ state: 'backing_off', reason: 'limited' });
    expect(other.connection.state).toBe('connected');
    node.live.get('other')?.({ code: 515, text: 'restart' });
    await vi.advanceTimersByTimeAsync(5000);
    expect(other.connection).toMatchObject({ state: 'backing_off', reason: 'limited' });
    expect(node.made).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(node.live.size).toBe(2);
  });
});
