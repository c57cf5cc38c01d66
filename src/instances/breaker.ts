import { backoffMs } from '../domain/backoff.js';
import { type Disconnect, holdOf } from '../domain/disconnect.js';

/** How often one account tries whether WhatsApp takes this client again. */
const PROBE_EVERY_MS = 5 * 60_000;
/** A rate limit so long after the end of the last one counts as the first again. */
const FORGIVEN_AFTER_MS = 15 * 60_000;

/** Why no instance of the node may dial, and when one may. */
export type Hold = { readonly until: Date; readonly cause: Disconnect };

/** Stops the dials of a whole node when WhatsApp has something against all of them. */
export interface Breaker {
  /** Undefined when an instance may dial. */
  readonly hold: () => Hold | undefined;
  /** An instance dials, as `hold` allowed. True when it is the one that tries, which is not held back any more. */
  readonly dialling: () => boolean;
  /** WhatsApp accepted this client. */
  readonly accepted: () => void;
  /** A connection ended or could not be made. */
  readonly failed: (disconnect: Disconnect) => void;
}

/** The breaker of a node; `now` and `random` are as those of `Date` and `Math`. */
export function breaker(now: () => number = Date.now, random: () => number = Math.random): Breaker {
  /** What the next probe may change; undefined while WhatsApp takes this client. */
  let refusal: { readonly until: number; readonly cause: Disconnect } | undefined;
  let limit: { readonly until: number; readonly cause: Disconnect; readonly count: number } | undefined;

  return {
    hold() {
      const longest = !refusal || (limit && limit.until > refusal.until) ? limit : refusal;
      if (!longest || longest.until <= now()) return undefined;
      return { until: new Date(longest.until), cause: longest.cause };
    },
    dialling() {
      if (!refusal) return false;
      refusal = { ...refusal, until: now() + PROBE_EVERY_MS };
      return true;
    },
    accepted() {
      refusal = undefined;
    },
    failed(cause) {
      switch (holdOf(cause)) {
        case 'until_accepted':
          refusal = { until: now() + PROBE_EVERY_MS, cause };
          break;
        case 'for_a_while': {
          if (limit && now() < limit.until) return; // Of a dial that was under way.
          const previous = limit && now() - limit.until <= FORGIVEN_AFTER_MS ? limit.count : 0;
          const count = previous + 1;
          limit = { until: now() + backoffMs(count, true, random), cause, count };
          break;
        }
        case undefined:
          break;
      }
    },
  };
}
