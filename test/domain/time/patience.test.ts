import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { patience } from '../../../src/domain/time/patience.js';

/** Connects, and answers at once when it is told to, whatever this thread does meanwhile. */
const ANSWERER = `
  const { workerData: { port, flags } } = require('node:worker_threads');
  const socket = require('node:net').connect(port, '127.0.0.1', () => {
    Atomics.wait(flags, 0, 0);
    socket.write('answer', () => { Atomics.store(flags, 1, 1); Atomics.notify(flags, 1); });
  });
`;

test('what arrived while the event loop was busy is taken in before the patience is over', async () => {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const answerer = new Worker(ANSWERER, { eval: true, workerData: { port, flags } });
  const [socket] = (await once(server, 'connection')) as [Socket];

  const seen = await new Promise<string>(resolve => {
    const end = patience(10, () => resolve('silence'));
    socket.once('data', bytes => {
      end();
      resolve(String(bytes));
    });
    Atomics.store(flags, 0, 1);
    Atomics.notify(flags, 0);
    Atomics.wait(flags, 1, 0);
    Atomics.wait(flags, 1, 1, 30); // Until the time is over.
  });
  expect(seen).toBe('answer');
  socket.destroy();
  server.close();
  await answerer.terminate();
});

describe('the time by which the event loop is late', () => {
  afterEach(() => void vi.useRealTimers());

  /** When the patience is over, where each timer fires so late. */
  async function lasts(ms: number, lateMs: number): Promise<number | undefined> {
    vi.useFakeTimers();
    const begun = performance.now();
    const really = setTimeout;
    vi.stubGlobal('setTimeout', (job: () => void, after: number) => really(job, after + lateMs));
    let over: number | undefined;
    patience(ms, () => {
      over = performance.now() - begun - 1; // The fake immediate takes so long.
    });
    await vi.advanceTimersByTimeAsync(10 * ms);
    vi.unstubAllGlobals();
    return over;
  }

  test('is added to it, until it is not late any more', async () => {
    expect(await lasts(6_000, 0)).toBe(6_000);
    expect(await lasts(6_000, 20)).toBe(6_020);
    expect(await lasts(6_000, 1_000)).toBe(6_000 + 1_000 + 3 * (1_000 + 1_000));
  });

  test('adds no more than half as much again', async () => {
    expect(await lasts(1_000, 2_000)).toBe(1_000 + 2_000 + (500 + 2_000));
  });
});

test('that was ended in time is never over', async () => {
  vi.useFakeTimers();
  const over = vi.fn();
  patience(100, over)();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(over).not.toHaveBeenCalled();
  vi.useRealTimers();
});
