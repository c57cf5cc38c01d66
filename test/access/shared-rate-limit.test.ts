import { array, assert, asyncProperty, boolean, constantFrom, integer, oneof, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RateDecision } from '../../src/access/rate-limit.js';
import { aheadOf, sharedRateLimit } from '../../src/access/shared-rate-limit.js';
import { PrivacyError } from '../../src/domain/errors.js';
import type { PermitStore } from '../../src/domain/nodes/shared.js';

const MINUTE_MS = 60_000;

/** A database in memory, on a clock that the test sets, which answers when the test lets it. */
function database() {
  const clock = { now: 0 };
  const used = new Map<string, number>();
  const questions: (() => void)[] = [];
  let isAway = false;
  const permits: Pick<PermitStore, 'take'> = {
    async take(key, windowMs, wanted, limit) {
      const asked = Promise.withResolvers<void>();
      questions.push(asked.resolve);
      await asked.promise;
      if (isAway) throw new PrivacyError({ kind: 'STORE_UNAVAILABLE' });
      const window = Math.floor(clock.now / windowMs) * windowMs;
      const before = used.get(`${key}/${window}`) ?? 0;
      const taken = Math.min(wanted, limit - before);
      used.set(`${key}/${window}`, before + taken);
      return { taken, left: limit - before - taken, window, endsInMs: window + windowMs - clock.now };
    },
  };
  return {
    clock,
    permits,
    questions,
    /** Lets it answer what was asked, and what is asked then. */
    async answer() {
      for (let question = questions.shift(); question; question = questions.shift()) {
        question();
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
    },
    setAway(now: boolean) {
      isAway = now;
    },
  };
}

type Database = ReturnType<typeof database>;

function newNode({ permits, clock }: Database, limit: number) {
  const rate = sharedRateLimit({
    name: 'calls',
    limit,
    periodMs: MINUTE_MS,
    maxKeys: 10,
    permits,
    now: () => clock.now,
  });
  return { take: (key = 't') => rate.take(key, clock.now) };
}

/** What becomes of a call once the database has answered. */
async function decided(db: Database, taken: RateDecision | Promise<RateDecision>): Promise<RateDecision> {
  await db.answer();
  return taken;
}

describe('a limit that nodes keep together', () => {
  test('asks the database for the first call of a window, and then ever more rarely', async () => {
    const db = database();
    const node = newNode(db, 1000);
    const waited: number[] = [];
    for (let call = 1; call <= 1000; call++) {
      const taken = node.take();
      if (taken instanceof Promise) waited.push(call);
      expect((await decided(db, taken)).allowed).toBe(true);
    }
    expect(waited.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
    expect(waited.length).toBeLessThan(50);
  });

  test('refuses what goes beyond until the window ends, and asks nothing for it', async () => {
    const db = database();
    const [one, other] = [newNode(db, 3), newNode(db, 3)];
    for (const node of [one, other, one]) expect((await decided(db, node.take())).allowed).toBe(true);
    db.clock.now = 20_000;
    const refused = { allowed: false, remaining: 0, retryAfterMs: 40_000, resetAfterMs: 40_000 };
    expect(await decided(db, other.take())).toEqual(refused);
    for (let call = 0; call < 100; call++) expect(other.take()).toEqual(refused);
    db.clock.now = MINUTE_MS;
    expect(await decided(db, other.take())).toMatchObject({ allowed: true, remaining: 2 });
  });

  test('tells what is left for all nodes, as far as this one has heard', async () => {
    const db = database();
    const [one, other] = [newNode(db, 10), newNode(db, 10)];
    const remaining: number[] = [];
    for (const node of [one, one, one, other, one])
      remaining.push((await decided(db, node.take())).remaining);
    expect(remaining).toEqual([9, 8, 7, 6, 5]);
  });

  test('lets a call wait for the database with those that came before it', async () => {
    const db = database();
    const node = newNode(db, 5);
    const calls = Array.from({ length: 8 }, () => Promise.resolve(node.take()));
    expect(db.questions).toHaveLength(1);
    await db.answer();
    const allowed = (await Promise.all(calls)).map(decision => decision.allowed);
    expect(allowed).toEqual([true, true, true, true, true, false, false, false]);
  });

  test('refuses with STORE_UNAVAILABLE what it has no permit for while the database is away', async () => {
    const db = database();
    const node = newNode(db, 100);
    for (let call = 0; call < 4; call++) await decided(db, node.take());
    db.setAway(true);
    for (let call = 0; call < 3; call++) expect(node.take()).toMatchObject({ allowed: true });
    const refused = node.take();
    await db.answer();
    await expect(refused).rejects.toMatchObject({ problem: { kind: 'STORE_UNAVAILABLE' } });
    db.setAway(false);
    expect((await decided(db, node.take())).allowed).toBe(true);
  });

  test('uses no permit of a window that has ended', async () => {
    const db = database();
    const node = newNode(db, 100);
    for (let call = 0; call < 4; call++) await decided(db, node.take());
    db.clock.now = MINUTE_MS;
    expect(node.take()).toBeInstanceOf(Promise);
  });
});

test('a node takes no more ahead than it has used, and a small part of what is left', () => {
  expect([aheadOf(0, 100), aheadOf(5, 100), aheadOf(50, 100), aheadOf(50, 7), aheadOf(5, -3)]).toEqual([
    0, 5, 12, 0, 0,
  ]);
});

test('whatever the calls, no window has more than the limit, and none is refused before half of it is used', async () => {
  const call = record({
    node: integer({ min: 0, max: 2 }),
    key: constantFrom('a', 'b'),
    wait: oneof(integer({ min: 0, max: 100 }), integer({ min: 0, max: 30_000 })),
    answers: boolean(),
  });
  await assert(
    asyncProperty(array(call, { maxLength: 300 }), integer({ min: 1, max: 40 }), async (calls, limit) => {
      const db = database();
      const nodes = [0, 1, 2].map(() => newNode(db, limit));
      const outcomes: { key: string; window: number; decision: Promise<RateDecision> }[] = [];
      for (const { node, key, wait, answers } of calls) {
        // What is under way at its end belongs to whichever window the database had then.
        if (Math.floor((db.clock.now + wait) / MINUTE_MS) > Math.floor(db.clock.now / MINUTE_MS))
          await db.answer();
        db.clock.now += wait;
        const window = Math.floor(db.clock.now / MINUTE_MS);
        outcomes.push({ key, window, decision: Promise.resolve(nodes[node]?.take(key) as RateDecision) });
        if (answers) await db.answer();
      }
      await db.answer();
      const counts = new Map<string, number>();
      for (const { key, window, decision } of outcomes) {
        const used = counts.get(`${key}${window}`) ?? 0;
        if ((await decision).allowed) counts.set(`${key}${window}`, used + 1);
      }
      for (const used of counts.values()) expect(used).toBeLessThanOrEqual(limit);
      for (const { key, window, decision } of outcomes)
        if (!(await decision).allowed)
          expect(counts.get(`${key}${window}`) ?? 0).toBeGreaterThanOrEqual(limit / 2);
    }),
    { numRuns: 300 },
  );
});
