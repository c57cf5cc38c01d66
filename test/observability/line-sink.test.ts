import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lineSink, MOST_WAITING } from '../../src/observability/line-sink.js';
import { createLogger } from '../../src/observability/logger.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A file that takes what a test lets it take, when the test says so. */
function sinkOnFile() {
  let text = '';
  const offers: { bytes: Uint8Array; done: (taken: number) => void }[] = [];
  const sink = lineSink((bytes, done) => void offers.push({ bytes, done }));
  const answer = (most: number) => {
    const offer = offers.shift();
    if (!offer) throw new Error('nothing is offered');
    const taken = Math.min(most, offer.bytes.length);
    text += Buffer.from(offer.bytes.subarray(0, taken)).toString();
    offer.done(taken);
  };
  return {
    sink,
    text: () => text,
    isOffered: () => offers.length > 0,
    take: (most = Number.POSITIVE_INFINITY) => answer(most),
    fail: () => answer(0),
  };
}

/** 1,024 characters. */
const LINE = `${'x'.repeat(1023)}\n`;
const ROOM = MOST_WAITING / LINE.length;

describe('lines for a file', () => {
  test('that takes everything arrive in order, together', () => {
    const { sink, text, take, isOffered } = sinkOnFile();
    sink.write('one\n');
    sink.write('two\n');
    expect(isOffered()).toBe(false);
    vi.advanceTimersByTime(50);
    sink.write('three\n');
    take();
    vi.advanceTimersByTime(50);
    take();
    expect(text()).toBe('one\ntwo\nthree\n');
  });

  test('that takes a part of them arrive whole', () => {
    const { sink, text, take } = sinkOnFile();
    sink.write('one\ntwo\n');
    sink.flush();
    take(5);
    sink.write('three\n');
    take(1);
    take();
    take();
    expect(text()).toBe('one\ntwo\nthree\n');
  });

  test('that is full arrive when there is room again, each once', () => {
    const { sink, text, take, fail, isOffered } = sinkOnFile();
    sink.write('one\n');
    sink.flush();
    for (let attempt = 0; attempt < 3; attempt++) {
      fail();
      expect(isOffered()).toBe(false);
      vi.advanceTimersByTime(1_000);
    }
    take(2);
    fail();
    vi.advanceTimersByTime(1_000);
    take();
    expect(text()).toBe('one\n');
  });

  test('that takes nothing are dropped beyond a bound, and the number is told after those that waited', () => {
    const { sink, text, take } = sinkOnFile();
    const told: number[] = [];
    sink.onDropped(count => {
      told.push(count);
      sink.write(`${count} dropped\n`);
    });
    sink.write('first\n');
    sink.flush();
    for (let count = 0; count < ROOM + 7; count++) sink.write(LINE);
    expect(told).toEqual([]);
    take();
    take();
    vi.advanceTimersByTime(50);
    take();
    expect(told).toEqual([7]);
    expect(text()).toBe(`first\n${LINE.repeat(ROOM)}7 dropped\n`);
    sink.write('last\n');
    sink.flush();
    take();
    expect(told).toEqual([7]);
  });

  test('are all there once it is finished, unless it takes nothing for so long', async () => {
    const { sink, text, take } = sinkOnFile();
    sink.write('one\n');
    const finished = sink.finish(200);
    take();
    await finished;
    expect(text()).toBe('one\n');

    sink.write('two\n');
    const given = sink.finish(200);
    vi.advanceTimersByTime(200);
    await given;
    expect(text()).toBe('one\n');
  });
});

test.each(['info', 'error'] as const)('a log of level %s tells how many of its lines were dropped', level => {
  const { sink, text, take } = sinkOnFile();
  const logger = createLogger(level, sink);
  logger.error('on offer');
  for (let count = 0; count < ROOM; count++) sink.write(LINE);
  logger.error('too many');
  logger.error('too many');
  for (let count = 0; count < 3; count++) take();
  const last = JSON.parse(text().trimEnd().split('\n').at(-1) ?? '') as object;
  expect(last).toMatchObject({ level: 'error', event: 'log_lines_dropped', count: 2 });
});
