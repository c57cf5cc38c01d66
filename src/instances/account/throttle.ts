import { clock } from '../../domain/time/clock.js';

/** IQs in flight for one instance: what an update of every setting needs, with a read before and one behind. */
const IN_FLIGHT = 10;
const FIRST_HOLD_MS = 60_000;
const LONGEST_HOLD_MS = 15 * 60_000;
/** A 429 this long after the last one counts as the first again. */
const IQ_LIMIT_FORGIVEN_AFTER_MS = 60 * 60_000;

/** How fast one account may be asked, after what WhatsApp said about that. */
export interface Throttle {
  /** Milliseconds until privacy IQs may leave again; 0 when they may now. */
  waitMs(): number;
  /** WhatsApp answered 429: holds the account back for a minute, twice that each further time. */
  rateLimited(): void;
  /** How many IQs may be in flight; one at a time once WhatsApp has complained. */
  inFlightLimit(): number;
}

/**
 * Paces one account.
 *
 * @param now Milliseconds by a clock that is never set back.
 */
export function throttle(now: () => number = clock): Throttle {
  let holdMs = 0;
  let heldUntil = Number.NEGATIVE_INFINITY;
  return {
    waitMs: () => Math.max(heldUntil - now(), 0),
    rateLimited() {
      if (now() < heldUntil) return; // Answers to IQs of the same burst.
      const forgiven = now() - heldUntil > IQ_LIMIT_FORGIVEN_AFTER_MS;
      holdMs = forgiven ? FIRST_HOLD_MS : Math.min(holdMs * 2, LONGEST_HOLD_MS);
      heldUntil = now() + holdMs;
    },
    inFlightLimit: () => (holdMs > 0 ? 1 : IN_FLIGHT),
  };
}
