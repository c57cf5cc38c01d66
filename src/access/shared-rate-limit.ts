import { LRUCache } from 'lru-cache';
import type { PermitStore } from '../domain/nodes/shared.js';
import { clock } from '../domain/time/clock.js';
import type { RateDecision } from './rate-limit.js';

/** A limit that all nodes keep together. */
export type SharedRateLimit = {
  /**
   * Counts a call, if it is allowed: at once while this node has permits, else once the database has given some, or none.
   * `now` is milliseconds of a clock that never goes back.
   *
   * @throws PrivacyError STORE_UNAVAILABLE
   */
  take(key: string, now: number): RateDecision | Promise<RateDecision>;
};

/** What is known here of the window of a key. */
type Window = {
  /** As the database names it. */
  readonly id: number | undefined;
  /** By the clock of this process, a little too early rather than too late. */
  readonly endsAt: number;
  /** Permits that this node has and has not used. */
  spare: number;
  /** Calls that it let through. */
  used: number;
  /** Permits that all had left, when the database was asked last. */
  left: number;
};

type Waiting = PromiseWithResolvers<RateDecision>;
type Key = { window: Window; readonly waiting: Waiting[]; isAsking: boolean };

/** Of what is left, as much as a node may take ahead at once. */
const PART_AHEAD = 1 / 8;

/**
 * How many permits a node takes for calls that may come: no more than it has used, so that whoever is refused knows that
 * at least half of the limit was let through; and a small part of what is left, so that near the end they are shared.
 */
export const aheadOf = (used: number, left: number): number =>
  Math.max(Math.min(used, Math.floor(left * PART_AHEAD)), 0);

/**
 * In no window of the database's clock are more than `limit` calls of a key allowed, on however many nodes. A window is as
 * long as the period and begins for all keys at the same moment. The keys unused longest are forgotten beyond `maxKeys`,
 * and with them what this node had left of theirs.
 *
 * While the database is away a call that this node has no permit for is refused: to let some through would make a limit of
 * none, and a node that does not reach the database has 10 s before it must stop what it does.
 */
export function sharedRateLimit(options: {
  readonly name: string;
  readonly limit: number;
  readonly periodMs: number;
  readonly maxKeys: number;
  readonly permits: Pick<PermitStore, 'take'>;
  readonly now?: () => number;
}): SharedRateLimit {
  const { name, limit, periodMs, maxKeys, permits, now: asked = clock } = options;
  const keys = new LRUCache<string, Key>({ max: maxKeys });

  const decision = ({ endsAt, spare, left }: Window, now: number, allowed: boolean): RateDecision => {
    const msLeft = Math.max(endsAt - now, 1);
    const remaining = spare + left;
    return { allowed, remaining, retryAfterMs: remaining > 0 ? 0 : msLeft, resetAfterMs: msLeft };
  };

  function use(window: Window, now: number): RateDecision {
    window.spare--;
    window.used++;
    return decision(window, now, true);
  }

  /** Until nobody waits any more. */
  async function ask(key: string, state: Key): Promise<void> {
    state.isAsking = true;
    try {
      while (state.waiting.length > 0) {
        const before = state.window;
        const ahead = aheadOf(before.used, before.left - state.waiting.length);
        const askedAt = asked();
        const wanted = state.waiting.length + ahead;
        const got = await permits.take(`${name}/${key}`, periodMs, wanted, limit);
        state.window = {
          id: got.window,
          endsAt: askedAt + got.endsInMs,
          spare: got.taken, // Nobody asks who has some left of the same window.
          used: got.window === before.id ? before.used : 0,
          left: got.left,
        };
        serve(state);
      }
    } catch (error) {
      for (const each of state.waiting.splice(0)) each.reject(error);
    } finally {
      state.isAsking = false;
    }
  }

  /** Those who waited longest first; when nothing is left, nobody waits on. */
  function serve({ window, waiting }: Key): void {
    while (window.spare > 0 && waiting.length > 0) waiting.shift()?.resolve(use(window, asked()));
    if (window.left > 0) return;
    for (const each of waiting.splice(0)) each.resolve(decision(window, asked(), false));
  }

  return {
    take(key, now) {
      let state = keys.get(key);
      if (!state) {
        const window = { id: undefined, endsAt: now, spare: 0, used: 0, left: limit };
        state = { window, waiting: [], isAsking: false };
        keys.set(key, state);
      }
      const { window, waiting } = state;
      if (now < window.endsAt && waiting.length === 0) {
        if (window.spare > 0) return use(window, now);
        if (window.left === 0) return decision(window, now, false);
      }
      const mine: Waiting = Promise.withResolvers();
      waiting.push(mine);
      if (!state.isAsking) void ask(key, state);
      return mine.promise;
    },
  };
}
