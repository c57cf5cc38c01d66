import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type IdentifiedRequest, idempotency, type Keep } from '../../src/access/idempotency.js';
import type { RequestLog } from '../../src/access/ports.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { at, bytes, instanceRecord } from '../stores/contract/records.js';

const DAY = 24 * 60 * 60;

async function setUp(change: (log: RequestLog) => RequestLog = log => log) {
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32) });
  onTestFinished(() => store.close());
  const unsaved: unknown[] = [];
  const runOnce = idempotency(change(store.requests), error => unsaved.push(error));
  const runs: string[] = [];
  /** A request whose answer says how often anything was run. */
  const request = (
    text: string,
    { keep = 'yes', ...options }: Partial<IdentifiedRequest> & { keep?: Keep } = {},
  ): IdentifiedRequest => ({
    key: 'token/id',
    requestId: 'id',
    digest: createHash('sha256').update(text).digest(),
    subject: undefined,
    now: at(0),
    signal: new AbortController().signal,
    run: async () => {
      runs.push(text);
      return {
        answer: bytes(`answer ${runs.length}`),
        status: 'response' as const,
        keep,
      };
    },
    ...options,
  });
  return { runOnce, runs, request, unsaved, store };
}

const reused = { problem: { kind: 'REQUEST_ID_REUSED', requestId: 'id' } };

describe('a repeated request', () => {
  test('gets the first answer for 24 hours and is run again after them', async () => {
    const { runOnce, request } = await setUp();
    const answers = [];
    for (const seconds of [0, 1, DAY - 1, DAY]) {
      const { answer, status } = await runOnce(request('x', { now: at(seconds) }));
      answers.push([Buffer.from(answer).toString(), status]);
    }
    expect(answers).toEqual([
      ['answer 1', 'response'],
      ['answer 1', 'response'],
      ['answer 1', 'response'],
      ['answer 2', 'response'],
    ]);
  });

  test('gets the first answer also when that was an error', async () => {
    const { runOnce, request } = await setUp();
    const failing = async () => ({ answer: bytes('status'), status: 'error' as const, keep: 'yes' as const });
    await runOnce(request('x', { run: failing }));
    expect(await runOnce(request('x'))).toEqual({ answer: bytes('status'), status: 'error' });
  });

  test('is run again when nothing came of the first', async () => {
    const { runOnce, request, runs } = await setUp();
    await runOnce(request('x', { keep: 'no' }));
    const { answer } = await runOnce(request('x'));
    expect(answer).toEqual(bytes('answer 2'));
    expect(runs).toEqual(['x', 'x']);
  });

  test('is run again when the first threw', async () => {
    const { runOnce, request } = await setUp();
    const throwing = () => Promise.reject(new Error('no'));
    await expect(runOnce(request('x', { run: throwing }))).rejects.toThrow('no');
    expect((await runOnce(request('x'))).answer).toEqual(bytes('answer 1'));
  });

  test('that differs is refused, and the first answer stays', async () => {
    const { runOnce, request, runs } = await setUp();
    await runOnce(request('x'));
    await expect(runOnce(request('y'))).rejects.toMatchObject(reused);
    expect((await runOnce(request('x'))).answer).toEqual(bytes('answer 1'));
    expect(runs).toEqual(['x']);
  });

  test('under another key is another request', async () => {
    const { runOnce, request, runs } = await setUp();
    await runOnce(request('x'));
    await runOnce(request('x', { key: 'other/id' }));
    expect(runs).toEqual(['x', 'x']);
  });
});

describe('while the first request is running', () => {
  test('its repetitions wait for its answer and run nothing', async () => {
    const { runOnce, request } = await setUp();
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow = async () => {
      started.resolve();
      await goOn.promise;
      return { answer: bytes('slow'), status: 'response' as const, keep: 'yes' as const };
    };
    const first = runOnce(request('x', { run: slow }));
    const others = [runOnce(request('x')), runOnce(request('x'))];
    await started.promise;
    others.push(runOnce(request('x')));
    goOn.resolve();
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ answer }) => Buffer.from(answer).toString())).toEqual(Array(4).fill('slow'));
  });

  test.each([
    ['nothing came of the first', async () => ({ answer: bytes(''), status: 'response', keep: 'no' })],
    ['the first failed', () => Promise.reject(new Error('no time'))],
  ] as [string, IdentifiedRequest['run']][])('its repetition is run itself when %s', async (_, end) => {
    const { runOnce, request, runs } = await setUp();
    const goOn = Promise.withResolvers<void>();
    const first = runOnce(request('x', { run: saving => goOn.promise.then(() => end(saving)) }));
    const others = [runOnce(request('x')), runOnce(request('x'))];
    goOn.resolve();
    await first.catch(() => undefined);
    const answers = await Promise.all(others);
    expect(answers.map(({ answer }) => Buffer.from(answer).toString())).toEqual(['answer 1', 'answer 1']);
    expect(runs).toEqual(['x']);
  });

  test('a repetition whose caller has gone is not run after it', async () => {
    const { runOnce, request, runs } = await setUp();
    const goOn = Promise.withResolvers<void>();
    const caller = new AbortController();
    const first = runOnce(
      request('x', { run: () => goOn.promise.then(() => Promise.reject(new Error('no'))) }),
    );
    const second = runOnce(request('x', { signal: caller.signal }));
    caller.abort(new Error('gone'));
    goOn.resolve();
    await expect(first).rejects.toThrow('no');
    await expect(second).rejects.toThrow('gone');
    expect(runs).toEqual([]);
  });

  test('a different one under its key is refused at once', async () => {
    const { runOnce, request, runs } = await setUp();
    const first = runOnce(request('x'));
    await expect(runOnce(request('y'))).rejects.toMatchObject(reused);
    await first;
    expect(runs).toEqual(['x']);
  });
});

test('an answer that is stored with what it tells is found again', async () => {
  const { runOnce, request, runs, store, unsaved } = await setUp(requests => ({
    ...requests,
    save: () => Promise.reject(new Error('stored twice')),
  }));
  const made = { answer: bytes('made'), status: 'response' as const };
  const run: IdentifiedRequest['run'] = async saving => {
    await store.instances.create(instanceRecord('desk'), saving(made));
    return { ...made, keep: 'saved' };
  };
  await runOnce(request('x', { run }));
  expect(await runOnce(request('x'))).toEqual(made);
  expect([runs, unsaved]).toEqual([[], []]);
});

test('an answer that cannot be stored is given all the same and reported', async () => {
  const failure = new Error('disk full');
  const { runOnce, request, unsaved } = await setUp(log => ({ ...log, save: () => Promise.reject(failure) }));
  expect((await runOnce(request('x'))).answer).toEqual(bytes('answer 1'));
  expect(unsaved).toEqual([failure]);
});

test('nothing is run when it cannot be learned whether the request is known', async () => {
  const { runOnce, request, runs } = await setUp(log => ({
    ...log,
    find: () => Promise.reject(new Error('disk gone')),
  }));
  await expect(runOnce(request('x'))).rejects.toThrow('disk gone');
  expect(runs).toEqual([]);
});
