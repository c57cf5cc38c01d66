import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DISCONNECTS, type Disconnect, reactionTo } from '../../../src/domain/disconnect.js';
import { supervise } from '../../../src/instances/connecting/supervisor.js';
import { fakeNode, superviseOn } from '../support/node.js';

const HOUR_MS = 3_600_000;
const FIBONACCI = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 900, 900];
const withCode = (code: number | undefined): Disconnect => ({ code, text: `ended with ${code}` });
const OUTDATED: Disconnect = {
  ...withCode(405),
  culprit: { kind: 'client_version', version: '2.3000.1', ageDays: 130 },
};

const KNOWN = Object.keys(DISCONNECTS).map(Number);
const codesOf = (...reactions: string[]) =>
  KNOWN.filter(code => reactions.includes(reactionTo(withCode(code))));
const terminal = codesOf('logged_out', 'conflict', 'suspended');
/** The codes after which an instance goes on by itself, without the two that concern the whole node. */
const TRANSIENT = [undefined, 408, 409, 428, 500, 501, 503, 1006, Number.NaN];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Seconds between one dial and the next. */
const gaps = (made: readonly { at: number }[]) =>
  made.slice(1).map(({ at }, index) => (at - (made[index]?.at ?? 0)) / 1000);

function expectFibonacci(waits: readonly number[], from = 0) {
  for (const [index, seconds] of waits.entries()) {
    const middle = FIBONACCI[from + index] ?? 900;
    expect(seconds).toBeGreaterThanOrEqual(middle * 0.9 - 0.001); // Whole milliseconds, rounded.
    expect(seconds).toBeLessThanOrEqual(middle * 1.1 + 0.02);
  }
}

describe('an instance that WhatsApp refuses for good', () => {
  test('is one of these', () => expect(terminal).toEqual([401, 402, 403, 406, 411, 440, 516]));

  test.each(terminal)('%i at the login is not dialled again in 24 hours', async code => {
    const node = fakeNode(() => withCode(code));
    const { connection } = superviseOn(node);
    expect(connection.state).toBe('connecting');
    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    expect(node.made).toHaveLength(1);
  });

  test.each(terminal)('%i in a session is not dialled again in 24 hours', async code => {
    const node = fakeNode(() => 'open');
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(1000);
    node.live.get('desk')?.(withCode(code));
    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    expect(node.made).toHaveLength(1);
    expect(desk.connection).toMatchObject({
      state: reactionTo(withCode(code)),
      reason: `ended with ${code}`,
    });
  });
});

describe('an instance that cannot connect', () => {
  test.each(TRANSIENT)('(%s) is dialled again after Fibonacci seconds, up to fifteen minutes', async code => {
    const node = fakeNode(() => withCode(code));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
    expect(node.made.length).toBeGreaterThan(16);
    expectFibonacci(gaps(node.made));
    expect(desk.connection).toMatchObject({ state: 'backing_off', reason: `ended with ${code}` });
  });

  test('goes on by itself after every code and shape that nobody knows', async () => {
    const unknown = fc.oneof(fc.integer(), fc.double(), fc.constant(undefined)).filter(code => {
      return code === undefined || !KNOWN.includes(code);
    });
    await fc.assert(
      fc.asyncProperty(unknown, async code => {
        const node = fakeNode(() => withCode(code));
        const desk = superviseOn(node);
        await vi.advanceTimersByTimeAsync(60_000);
        expectFibonacci(gaps(node.made));
        expect(node.made.length).toBeGreaterThanOrEqual(8);
        await desk.rest();
      }),
      { numRuns: 200 },
    );
  });

  test('shows when it will be tried, and is tried then', async () => {
    const node = fakeNode(() => withCode(503));
    const desk = superviseOn(node);
    for (let attempt = 1; attempt < 12; attempt++) {
      await vi.advanceTimersByTimeAsync(20);
      const { connection } = desk;
      if (connection.state !== 'backing_off') throw new Error(connection.state);
      expect(node.made).toHaveLength(attempt);
      await vi.advanceTimersByTimeAsync(connection.until.getTime() - Date.now() - 1);
      expect(node.made).toHaveLength(attempt);
      await vi.advanceTimersByTimeAsync(1);
    }
  });

  test('waits no more once a session has held for thirty seconds', async () => {
    const node = fakeNode(() => withCode(503));
    superviseOn(node);
    await vi.advanceTimersByTimeAsync(30_000);
    node.verdict = () => 'open';
    await vi.advanceTimersByTimeAsync(30_000);
    const failed = node.made.length - 1;

    await vi.advanceTimersByTimeAsync(1);
    node.live.get('desk')?.(withCode(503));
    await vi.advanceTimersByTimeAsync(60_000);
    expectFibonacci(gaps(node.made.slice(failed)).slice(1));

    const { at } = node.made.at(-1) ?? { at: 0 };
    const heldMs = Date.now() - at;
    expect(heldMs).toBeGreaterThan(30_000);
  });

  test('waits on where it was after a session that held for less', async () => {
    const node = fakeNode(({ at }) => (at - start < 10_000 ? withCode(503) : 'open'));
    const start = Date.now();
    superviseOn(node);
    await vi.advanceTimersByTimeAsync(15_000);
    const failures = node.made.length - 1;
    node.live.get('desk')?.(withCode(503));
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    const { at = 0 } = node.made.at(-1) ?? {};
    expectFibonacci([(at - start - 15_000) / 1000], failures);
  });

  test('because the adapter failed backs off, and says so', async () => {
    const node = fakeNode(() => {
      throw new TypeError('a bug');
    });
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(500);
    expect(desk.connection).toMatchObject({ state: 'backing_off', reason: expect.stringContaining('fault') });
    expect(node.faults).toEqual([new TypeError('a bug')]);
    node.verdict = () => 'open';
    await vi.advanceTimersByTimeAsync(1000);
    expect(desk.connection.state).toBe('connected');
  });
});

describe('an account that WhatsApp banned for a time', () => {
  test.each([
    ['an hour', 1],
    ['forty days, more than a timer can wait', 40 * 24],
  ])('of %s is dialled a little after its end, once', async (_, hours) => {
    const start = Date.now();
    const until = new Date(start + hours * HOUR_MS);
    const node = fakeNode(({ at }) => (at === start ? { ...withCode(402), until } : 'open'));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(hours * HOUR_MS);
    expect(desk.connection.state).toBe('suspended');
    expect(node.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0.1 * hours * HOUR_MS + 100);
    expect(desk.connection.state).toBe('connected');
    expect(node.made).toHaveLength(2);
  });
});

test('an account whose ban is always over is not dialled without a pause', async () => {
  const node = fakeNode(({ at }) => ({ ...withCode(402), until: new Date(at - 1000) }));
  superviseOn(node);
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expectFibonacci(gaps(node.made));
});

describe('a restart that WhatsApp asks for', () => {
  test('is made at once', async () => {
    const node = fakeNode(() => 'open');
    superviseOn(node);
    await vi.advanceTimersByTimeAsync(1000);
    node.live.get('desk')?.(withCode(515));
    await vi.advanceTimersByTimeAsync(20);
    expect(node.made).toHaveLength(2);
  });

  test('is a failure like any other when the one before was one too', async () => {
    const node = fakeNode(() => withCode(515));
    superviseOn(node);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    const [first, ...later] = gaps(node.made);
    expect(first).toBeLessThan(0.1);
    expectFibonacci(later);
  });

  test('is made at once also in a row of failures', async () => {
    const codes = [503, 503, 503, 515, 503];
    const node = fakeNode(() => withCode(codes.shift() ?? 503));
    superviseOn(node);
    await vi.advanceTimersByTimeAsync(60_000);
    const waits = gaps(node.made);
    expect(waits[3]).toBeLessThan(0.1);
    expectFibonacci(waits.toSpliced(3, 1));
  });

  test('is made at once again when the session between has held', async () => {
    const node = fakeNode(() => 'open');
    superviseOn(node);
    for (let dials = 1; dials < 6; dials++) {
      await vi.advanceTimersByTimeAsync(30_100);
      expect(node.made).toHaveLength(dials);
      node.live.get('desk')?.(withCode(515));
      await vi.advanceTimersByTimeAsync(20);
    }
  });
});

describe('an instance that somebody needs at once', () => {
  test('is dialled in place of its wait, which then goes on where it was', async () => {
    const node = fakeNode(() => withCode(503));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(30_000);
    const failures = node.made.length;
    desk.hurry('any');
    await vi.advanceTimersByTimeAsync(20);
    expect(node.made).toHaveLength(failures + 1);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expectFibonacci(gaps(node.made.slice(failures)), failures);
  });

  test('for less than a change is dialled in place of the first wait only', async () => {
    const node = fakeNode(() => withCode(503));
    const desk = superviseOn(node);
    for (const made of [2, 2]) {
      await vi.advanceTimersByTimeAsync(20);
      desk.hurry('first');
      await vi.advanceTimersByTimeAsync(20);
      expect(node.made).toHaveLength(made);
    }
  });

  test.each([...[...terminal, 429].map(withCode), OUTDATED])('after $code is not', async disconnect => {
    const node = fakeNode(() => disconnect);
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    const { connection } = desk;
    desk.hurry('any');
    await vi.advanceTimersByTimeAsync(1000);
    expect(node.made).toHaveLength(1);
    expect(desk.connection).toBe(connection);
  });
});

describe('a clock that is set back an hour', () => {
  const setBack = () => vi.setSystemTime(Date.now() - HOUR_MS);

  test('makes no wait longer', async () => {
    const node = fakeNode(() => withCode(503));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(10_000);
    const dials = node.made.length;
    setBack();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(node.made.length).toBeGreaterThan(dials);
    node.verdict = () => 'open';
    await vi.advanceTimersByTimeAsync(60_000);
    expect(desk.connection.state).toBe('connected');
  });

  test('does not make a ban longer that was being waited out', async () => {
    const until = new Date(Date.now() + 60_000);
    const node = fakeNode(() => (node.made.length === 1 ? { ...withCode(402), until } : 'open'));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    setBack();
    await vi.advanceTimersByTimeAsync(70_000);
    expect(desk.connection.state).toBe('connected');
  });

  test.each([OUTDATED, withCode(429)])('does not hold the node back longer after $code', async disconnect => {
    const node = fakeNode(() => (node.made.length === 1 ? disconnect : 'open'));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    setBack();
    await vi.advanceTimersByTimeAsync(6 * 60_000);
    expect(desk.connection.state).toBe('connected');
  });

  test('does not end a session that held for thirty seconds as one that did not', async () => {
    const codes = [503, 503, 503, 503, 503];
    const node = fakeNode(() => (codes.length > 0 ? withCode(codes.pop()) : 'open'));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(desk.connection.state).toBe('connected');
    setBack();
    node.live.get('desk')?.(withCode(503));
    expect(node.made).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(1200);
    expect(node.made).toHaveLength(7);
  });
});

test('a listener that throws does not end what keeps the instance connected', async () => {
  const node = fakeNode(() => 'open');
  const cause = new Error('no space left');
  const desk = supervise({ ...node, instance: 'desk', initial: { state: 'connecting' } });
  let throws = true;
  desk.begin({
    onConnection() {
      if (throws) throw cause;
    },
    onPrivacyPush: () => undefined,
  });
  await vi.advanceTimersByTimeAsync(100);
  node.live.get('desk')?.(withCode(503));
  await vi.advanceTimersByTimeAsync(100);
  throws = false;
  await vi.advanceTimersByTimeAsync(2000);
  expect(desk.connection.state).toBe('connected');
  expect(node.made).toHaveLength(2);
  expect(node.faults).toEqual([cause, cause]);
});

const UNCONFIRMED = { kind: 'no_answer', cause: 'timeout' } as const;

describe('a session that its instance retires', () => {
  test('is followed by another one when WhatsApp did not confirm its end', async () => {
    const node = fakeNode(() => 'open');
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    const retired = desk.retire(async session => {
      await session.close();
      return UNCONFIRMED;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(await retired).toEqual(UNCONFIRMED);
    expect(desk.connection.state).toBe('connected');
    expect(node.made).toHaveLength(2);
  });

  test('is followed by none when it did', async () => {
    const node = fakeNode(() => 'open');
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(100);
    await desk.retire(async session => {
      await session.close();
      return { kind: 'confirmed' };
    });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(node.made).toHaveLength(1);
  });
});

test('a fault of this service is waited out like a failure, and the instance connects again', async () => {
  const node = fakeNode(() => 'open');
  const { connect } = node.dialer;
  let faults = 0;
  node.dialer.connect = async (...call) => {
    if (++faults <= 2) throw new Error('a fault');
    return connect(...call);
  };
  const desk = superviseOn(node);
  await vi.advanceTimersByTimeAsync(500);
  expect(desk.connection).toMatchObject({ state: 'backing_off' });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(desk.connection.state).toBe('connected');
});

describe('an instance that is told to rest', () => {
  test('has rested when the dial that was under way has ended', async () => {
    const node = fakeNode(() => 'open', 100);
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(50);
    expect(node.made).toHaveLength(1);
    let hasRested = false;
    const rested = desk.rest({ state: 'unlinked' }).then(() => {
      hasRested = true;
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(hasRested).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    await rested;
    expect(node.live.size).toBe(0);
  });

  test('while it waits is not dialled any more', async () => {
    const node = fakeNode(() => withCode(503));
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(10_000);
    const dials = node.made.length;
    await desk.rest({ state: 'unlinked' });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(node.made).toHaveLength(dials);
    expect(desk.connection.state).toBe('unlinked');
  });

  test('and to connect again is connected once', async () => {
    const node = fakeNode(() => 'open', 100);
    const desk = superviseOn(node);
    await vi.advanceTimersByTimeAsync(50);
    const rested = desk.rest({ state: 'conflict', reason: '' });
    desk.connect();
    desk.connect();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    await rested;
    expect(desk.connection.state).toBe('connected');
    expect(node.made).toHaveLength(2);
    expect(node.live.size).toBe(1);
  });
});
