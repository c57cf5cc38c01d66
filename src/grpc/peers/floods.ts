import { LRUCache } from 'lru-cache';
import { clock } from '../../domain/time/clock.js';

/** What an address may waste: bytes that serve no accepted call. */
export type FloodLimits = {
  readonly wastePerSecond: number;
  /** At once, after a time of nothing. */
  readonly wasteBurst: number;
  /** How long an address that went beyond is refused. */
  readonly refusedMs: number;
};

/** The waste of each address, and which of them are refused for it. */
export type Floods = {
  isRefused(address: string): boolean;
  /** Counts what an address has wasted; whether that is too much. */
  waste(address: string, bytes: number): boolean;
  refuse(address: string): void;
};

/** Addresses remembered; beyond, the longest silent one starts anew. */
const MOST_ADDRESSES = 10_000;

/** Tells floods from callers. */
export function floods(limits: FloodLimits, now: () => number = clock): Floods {
  const levels = new LRUCache<string, { level: number; at: number }>({ max: MOST_ADDRESSES });
  const refused = new LRUCache<string, number>({ max: MOST_ADDRESSES });
  return {
    isRefused: address => (refused.get(address) ?? -Infinity) > now(),
    waste(address, bytes) {
      const { level, at } = levels.get(address) ?? { level: 0, at: now() };
      const drained = Math.max(level - ((now() - at) / 1000) * limits.wastePerSecond, 0);
      // As high as it needs to be, so that it comes down while the address is refused.
      levels.set(address, { level: Math.min(drained + bytes, 2 * limits.wasteBurst), at: now() });
      return drained + bytes > limits.wasteBurst;
    },
    refuse: address => void refused.set(address, now() + limits.refusedMs),
  };
}
