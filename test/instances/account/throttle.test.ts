import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Setting } from '../../../src/domain/settings/settings-table.js';
import type { Account } from '../../../src/instances/account/account.js';
import { settingsCache } from '../../../src/instances/account/settings-cache.js';
import { type Throttle, throttle } from '../../../src/instances/account/throttle.js';
import type { ReadReply, Session, SetReply } from '../../../src/instances/ports/ports.js';
import { sendWaves } from '../../../src/instances/updating/send-waves.js';
import { DRAINED } from '../support/drained.js';

const MINUTE_MS = 60_000;

describe('an account that WhatsApp limits', () => {
  test('is not held longer when the clock is set back', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const pace = throttle();
    pace.rateLimited();
    vi.setSystemTime(Date.now() - 60 * MINUTE_MS);
    expect(pace.waitMs()).toBe(MINUTE_MS);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(pace.waitMs()).toBe(0);
  });

  /** A pacing on a clock that the test sets. */
  function paced() {
    const clock = { now: 1_800_000_000_000 };
    return { clock, pace: throttle(() => clock.now) };
  }

  test('is held for a minute, and twice as long each further time, up to a quarter of an hour', () => {
    const { clock, pace } = paced();
    const minutes = Array.from({ length: 7 }, () => {
      pace.rateLimited();
      const held = pace.waitMs();
      clock.now += held;
      expect(pace.waitMs()).toBe(0);
      return held / MINUTE_MS;
    });
    expect(minutes).toEqual([1, 2, 4, 8, 15, 15, 15]);
  });

  test('is held once for all answers to one burst', () => {
    const { pace } = paced();
    for (let i = 0; i < 8; i++) pace.rateLimited();
    expect(pace.waitMs()).toBe(MINUTE_MS);
  });

  test('is held for a minute again after a quiet hour', () => {
    const { clock, pace } = paced();
    pace.rateLimited();
    clock.now += MINUTE_MS;
    pace.rateLimited();
    expect(pace.waitMs()).toBe(2 * MINUTE_MS);
    clock.now += 63 * MINUTE_MS;
    pace.rateLimited();
    expect(pace.waitMs()).toBe(MINUTE_MS);
  });

  test('goes on with one request at a time', () => {
    const { clock, pace } = paced();
    expect(pace.inFlightLimit()).toBe(10);
    pace.rateLimited();
    clock.now += 24 * 60 * MINUTE_MS;
    expect(pace.inFlightLimit()).toBe(1);
  });
});

/** All narrower than before, or neither. */
const NINE: readonly (readonly [Setting, from: string, to: string])[] = [
  ['last_seen', 'all', 'none'],
  ['status', 'all', 'none'],
  ['profile', 'all', 'none'],
  ['online', 'all', 'match_last_seen'],
  ['read_receipts', 'all', 'none'],
  ['call_add', 'all', 'known'],
  ['group_add', 'all', 'contacts'],
  ['messages', 'all', 'contacts'],
  ['default_disappearing_timer', '0', '86400'],
];

/** Sends nine changes in one wave; WhatsApp answers what has arrived in the order the test asks for. */
function sendNine(pace: Throttle, answer: (setting: string) => SetReply = () => ({ kind: 'confirmed' })) {
  const waiting: { what: string; answer: () => void }[] = [];
  const sent: string[] = [];
  let most = 0;
  const arrives = <Reply>(what: string, reply: Reply) =>
    new Promise<Reply>(resolve => {
      sent.push(what);
      waiting.push({ what, answer: () => resolve(reply) });
      most = Math.max(most, waiting.length);
    });
  const read: ReadReply = {
    kind: 'read',
    snapshot: {
      values: Object.fromEntries(NINE.map(([setting, , to]) => [setting, to])),
      others: [],
      categories: [],
      unreadable: [],
      observedAt: new Date(),
    },
  };
  const session: Session = {
    ended: new Promise(() => undefined),
    offlineQueue: DRAINED,
    forgetTimer: () => {},
    tellPresence: async () => true,
    readPrivacy: () => arrives('read', read),
    setPrivacy: setting => arrives(setting, answer(setting)),
    readContactList: async () => ({ kind: 'no_answer', cause: 'timeout' }),
    changeContactList: async () => ({ kind: 'no_answer', cause: 'timeout' }),
    lookUpsFor: () => 0,
    findContacts: async () => ({ kind: 'no_answer', cause: 'timeout' }),
    logout: async () => ({ kind: 'confirmed' }),
    close: async () => undefined,
  };
  const account: Account = {
    instance: 'desk',
    cache: settingsCache(() => undefined),
    throttle: pace,
    sharedReadMs: 3_000,
    budget: { perHour: {}, take: () => undefined, giveBack: () => undefined },
    spend: () => undefined,
    history: {
      sending: () => () => undefined,
      ended: async () => undefined,
      followedUp: async () => undefined,
      observed: () => {
        throw new Error('nothing was read before');
      },
      written: async () => undefined,
    },
    live: () => session,
    session: async () => session,
    redial: () => undefined,
    sessionAtOnce: async () => session,
  };
  const changes = NINE.map(([setting, from, to]) => ({ setting, from, to }));
  const limits = { deadline: performance.now() + 60_000, signal: new AbortController().signal };
  const execution = sendWaves(
    account,
    session,
    { changes, unchanged: [] },
    { keepGoing: true, isPatient: true },
    limits,
  );

  /** Answers the newest first, until there is nothing more to answer. */
  async function answerAll() {
    for (;;) {
      await new Promise(resolve => setImmediate(resolve));
      const newest = waiting.pop();
      if (!newest) return execution;
      newest.answer();
    }
  }
  return { answerAll, sent, most: () => most };
}

describe('nine changes in one wave', () => {
  test.each([10, 3, 1])('are never more than %i in flight, the read behind them counted', async limit => {
    const pace = { ...throttle(), inFlightLimit: () => limit };
    const { answerAll, sent, most } = sendNine(pace);
    const { outcomes } = await answerAll();
    expect(outcomes.map(({ state }) => state)).toEqual(NINE.map(() => 'APPLIED'));
    expect(most()).toBe(limit);
    expect(sent).toHaveLength(10);
    expect(sent.at(-1)).toBe('read');
  });

  test('end when WhatsApp limits one of them', async () => {
    const pace = { ...throttle(), inFlightLimit: () => 3 };
    const { answerAll, sent } = sendNine(pace, setting =>
      setting === 'profile' ? { kind: 'refused', code: 429, text: 'rate-overlimit' } : { kind: 'confirmed' },
    );
    const { outcomes } = await answerAll();
    expect(sent).toEqual(['last_seen', 'status', 'profile']);
    const states = outcomes.map(({ state }) => state);
    expect(states).toEqual(['APPLIED', 'APPLIED', 'FAILED', ...Array(6).fill('NOT_ATTEMPTED')]);
    expect(pace.waitMs()).toBeGreaterThan(0);
  });
});
