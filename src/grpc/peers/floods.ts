import { LRUCache } from 'lru-cache';
import { clock } from '../../domain/time/clock.js';

/** What an address may waste: bytes that serve no accepted call. */
export type FloodLimits = {
  readonly wastePerSecond: number;
  /** At once, after a time of nothing. */
  readonly wasteBurst: number;
  /** How long an address that went beyond is refused, or waits in a line. */
  readonly refusedMs: number;
};

/** The waste of each address, and what becomes of new connections of those that flood. */
export type Floods = {
  /** Counts what an address has wasted; true while that is too much. */
  waste(address: string, bytes: number): boolean;
  /** A call of the address was accepted. */
  accepted(address: string): void;
  /** Holds its new connections off for a while. */
  holdOff(address: string): void;
  isRefused(address: string): boolean;
  /** Milliseconds after which a new connection is to be served, if its address is not refused then. */
  turn(address: string): number;
};

/** Addresses remembered; beyond, the longest silent one starts anew. */
const MOST_ADDRESSES = 10_000;
/** Callers with a good token were there so lately that they may still be. */
const SHARED_MS = 10 * 60_000;
/** Between two new connections of an address, and how many may come without: making one takes a millisecond. */
const PACE = { everyMs: 4, atOnce: 10 };
/** The same for one that is held off. */
const HELD_PACE = { everyMs: 50, atOnce: 0 };

/**
 * Tells floods from callers. An address that floods is refused, but where callers with good tokens come from it too, for
 * nothing that a stranger does locks them out: there new connections wait in a line. So they do where many come at once,
 * which would keep others waiting.
 */
export function floods(limits: FloodLimits, now: () => number = clock): Floods {
  const levels = new LRUCache<string, { level: number; at: number }>({ max: MOST_ADDRESSES });
  const lastGood = new LRUCache<string, number>({ max: MOST_ADDRESSES });
  const heldUntil = new LRUCache<string, number>({ max: MOST_ADDRESSES });
  const turns = new LRUCache<string, number>({ max: MOST_ADDRESSES });
  const isHeld = (address: string) => (heldUntil.get(address) ?? -Infinity) > now();
  const isShared = (address: string) => (lastGood.get(address) ?? -Infinity) + SHARED_MS > now();

  return {
    waste(address, bytes) {
      const { level, at } = levels.get(address) ?? { level: 0, at: now() };
      const drained = Math.max(level - ((now() - at) / 1000) * limits.wastePerSecond, 0);
      // No more than full, so that it drains in a time that can be told.
      levels.set(address, { level: Math.min(drained + bytes, limits.wasteBurst), at: now() });
      return drained + bytes > limits.wasteBurst;
    },
    accepted: address => void lastGood.set(address, now()),
    holdOff: address => void heldUntil.set(address, now() + limits.refusedMs),
    isRefused: address => isHeld(address) && !isShared(address),
    turn(address) {
      const { everyMs, atOnce } = isHeld(address) ? HELD_PACE : PACE;
      const turn = Math.max(turns.get(address) ?? -Infinity, now() - atOnce * everyMs) + everyMs;
      turns.set(address, turn);
      return Math.max(turn - now(), 0);
    },
  };
}
