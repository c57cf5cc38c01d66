import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Disconnect } from '../../../src/domain/disconnect.js';
import type { Change } from '../../../src/domain/settings/waves.js';
import type { SetReply } from '../../../src/instances/ports/ports.js';
import { type Execution, sendWaves } from '../../../src/instances/updating/send-waves.js';
import { openAccount } from '../support/scripted-account.js';

const CHANGES: Change[] = [
  { setting: 'profile', from: 'all', to: 'none' },
  { setting: 'group_add', from: 'all', to: 'contacts' },
];
const AS_WANTED = Object.fromEntries(CHANGES.map(({ setting, to }) => [setting, to]));

const limits = () => ({ deadline: performance.now() + 2_000, signal: new AbortController().signal });
const statesOf = ({ outcomes }: Execution) =>
  Object.fromEntries(outcomes.map(({ setting, state }) => [setting, state]));

/** Said of changes that were made, too. */
const REFUSED: SetReply = { kind: 'refused', code: 400, text: 'bad-request' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('when no read back is answered in time', () => {
  test('one that a push asked for meanwhile tells that a refused change was made', async () => {
    const { account, session, cache, reads } = openAccount({ group_add: REFUSED });
    const run = sendWaves(
      account,
      session,
      { changes: CHANGES, unchanged: [] },
      { keepGoing: true, isPatient: true },
      limits(),
    );
    await vi.advanceTimersByTimeAsync(10);
    const ofPush = cache.readShared(session, 10_000);
    reads.at(-1)?.(AS_WANTED);
    await ofPush;
    await vi.advanceTimersByTimeAsync(2_000);
    const execution = await run;
    expect(statesOf(execution)).toEqual({ profile: 'APPLIED', group_add: 'APPLIED' });
    expect(execution.settings?.values).toEqual(AS_WANTED);
  });

  test.each([
    ['right behind the changes', 0],
    ['after that', 1],
  ])('the one %s tells it when its answer comes after all', async (_, place) => {
    const { account, session, reads, cache } = openAccount({ group_add: REFUSED });
    // Of an earlier update: what is read now may not be used as current.
    cache.unanswered();
    const run = sendWaves(
      account,
      session,
      { changes: CHANGES, unchanged: [] },
      { keepGoing: true, isPatient: true },
      limits(),
    );
    await vi.advanceTimersByTimeAsync(1_800);
    expect(reads).toHaveLength(3);
    reads[place]?.(AS_WANTED);
    await vi.advanceTimersByTimeAsync(200);
    expect(statesOf(await run)).toEqual({ profile: 'APPLIED', group_add: 'APPLIED' });
  });

  test('the one right behind the changes finds out a false confirmation when its answer comes after all', async () => {
    const { account, session, reads, cache } = openAccount({});
    cache.unanswered();
    const run = sendWaves(
      account,
      session,
      { changes: CHANGES, unchanged: [] },
      { keepGoing: true, isPatient: true },
      limits(),
    );
    await vi.advanceTimersByTimeAsync(1_800);
    reads[0]?.({ profile: 'all', group_add: 'contacts' });
    await vi.advanceTimersByTimeAsync(200);
    expect(statesOf(await run)).toEqual({ profile: 'UNKNOWN', group_add: 'APPLIED' });
  });

  test('one for somebody else that denies a confirmed change makes it unknown', async () => {
    const { account, session, cache, reads } = openAccount({});
    const run = sendWaves(
      account,
      session,
      { changes: CHANGES, unchanged: [] },
      { keepGoing: true, isPatient: true },
      limits(),
    );
    await vi.advanceTimersByTimeAsync(10);
    void cache.readShared(session, 10_000);
    reads.at(-1)?.({ profile: 'all', group_add: 'contacts' });
    await vi.advanceTimersByTimeAsync(2_000);
    const execution = await run;
    expect(statesOf(execution)).toEqual({ profile: 'UNKNOWN', group_add: 'APPLIED' });
    expect(execution.settings).toBeUndefined();
  });

  test('one from before the changes tells nothing of them', async () => {
    const { account, session, cache, reads } = openAccount({ group_add: REFUSED });
    const before = cache.readShared(session, 10_000);
    reads.at(-1)?.(AS_WANTED);
    await before;
    const run = sendWaves(
      account,
      session,
      { changes: CHANGES, unchanged: [] },
      { keepGoing: true, isPatient: true },
      limits(),
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect(statesOf(await run)).toEqual({ profile: 'APPLIED', group_add: 'FAILED' });
  });
});

test('a change whose connection ends is read back over the next one alone, over which the rest goes too', async () => {
  const ended = Promise.withResolvers<Disconnect>();
  const [narrowing] = CHANGES as [Change];
  const widening: Change = { setting: 'last_seen', from: 'none', to: 'all' };
  const CUT_OFF = { kind: 'no_answer', cause: 'closed' } as const;
  const { account, session, reads } = openAccount({ profile: CUT_OFF }, ended.promise);
  const next = openAccount({});
  let live = session;
  const run = sendWaves(
    { ...account, sessionAtOnce: async () => live },
    session,
    { changes: [narrowing, widening], unchanged: [] },
    { keepGoing: true, isPatient: true },
    limits(),
  );
  await vi.advanceTimersByTimeAsync(100);
  live = next.session;
  ended.resolve({ code: 515, text: '' });
  await setImmediate(); // Of the real clock, which a lost connection is left for, too.
  await vi.advanceTimersByTimeAsync(100);
  next.reads.at(-1)?.({ profile: 'none', last_seen: 'none' });
  await vi.advanceTimersByTimeAsync(100);
  next.reads.at(-1)?.({ profile: 'none', last_seen: 'all' });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(statesOf(await run)).toEqual({ profile: 'APPLIED', last_seen: 'APPLIED' });
  expect([reads.length, next.reads.length]).toEqual([0, 2]);
});

test('a confirmation that the read right behind denies is in doubt where the later read does not tell', async () => {
  const { account, session, reads } = openAccount({});
  const run = sendWaves(
    account,
    session,
    { changes: CHANGES, unchanged: [] },
    { keepGoing: true, isPatient: true },
    limits(),
  );
  await vi.advanceTimersByTimeAsync(10);
  reads[0]?.({ profile: 'all', group_add: 'contacts' });
  await vi.advanceTimersByTimeAsync(10);
  reads[1]?.({ group_add: 'contacts' });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(statesOf(await run)).toEqual({ profile: 'UNKNOWN', group_add: 'APPLIED' });
});

describe('what a read shows that left while a change was under way, and that no read of the update tells', () => {
  test.each<[string, SetReply]>([
    ['confirmed', { kind: 'confirmed' }],
    ['answered with what tells nothing', { kind: 'no_answer', cause: 'unclear' }],
  ])('is not current when the change is %s', async (_, reply) => {
    const [change] = CHANGES as [Change];
    const answered = Promise.withResolvers<SetReply>();
    const { account, session, cache, reads } = openAccount({ profile: answered.promise });
    const run = sendWaves(
      account,
      session,
      { changes: [change], unchanged: [] },
      { keepGoing: true, isPatient: true },
      limits(),
    );
    await vi.advanceTimersByTimeAsync(10);
    const ofPush = cache.readShared(session, 10_000);
    reads.at(-1)?.({ profile: 'all' });
    await ofPush;
    expect(cache.current(session, 60_000)).toBeDefined();
    answered.resolve(reply);
    await vi.advanceTimersByTimeAsync(10);
    expect(cache.current(session, 60_000)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await run).settings).toBeUndefined();
  });
});

test('what was held back after a refusal says so, also when the change turns out to be made', async () => {
  const { account, session, reads } = openAccount({ group_add: REFUSED });
  const widening: Change = { setting: 'last_seen', from: 'none', to: 'all' };
  const run = sendWaves(
    account,
    session,
    { changes: [...CHANGES, widening], unchanged: [] },
    { keepGoing: true, isPatient: true },
    limits(),
  );
  await vi.advanceTimersByTimeAsync(10);
  reads.at(-1)?.({ ...AS_WANTED, last_seen: 'none' });
  const { outcomes } = await run;
  expect(outcomes).toMatchObject([
    { setting: 'profile', state: 'APPLIED' },
    { setting: 'group_add', state: 'APPLIED' },
    { setting: 'last_seen', state: 'NOT_ATTEMPTED', cause: { reason: 'WHATSAPP_REJECTED' } },
  ]);
});
