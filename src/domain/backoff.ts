/** How a wait grows with failures in a row: Fibonacci seconds, 1, 1, 2, 3, 5 … */
type Backoff = {
  /** How many of them are passed over. */
  readonly skipped: number;
  readonly mostSeconds: number;
};

/** One row for each use, also where two are equal: changing one must not change another. */
const BACKOFFS = {
  /** Until an instance dials again, as WhatsApp Web does it. */
  dial: { skipped: 0, mostSeconds: 900 },
  /** Until any instance dials after WhatsApp limited how often (429), as whatsapp-rust does it (`client.rs`). */
  limited_dial: { skipped: 5, mostSeconds: 900 },
  /** Until settings that may have changed are read again, after a read that brought nothing. */
  read_again: { skipped: 0, mostSeconds: 900 },
} as const satisfies Record<string, Backoff>;

/** What is waited for. */
export type BackoffUse = keyof typeof BACKOFFS;

/**
 * Milliseconds to wait before attempt number `attempt` (from 1) after failures in a row, give or take ten percent.
 *
 * @param random From 0 to 1, exclusive.
 */
export function backoffMs(use: BackoffUse, attempt: number, random: () => number = Math.random): number {
  const { skipped, mostSeconds } = BACKOFFS[use];
  const seconds = fibonacci(attempt + skipped, mostSeconds);
  return Math.round(seconds * 1000 * (0.9 + 0.2 * random()));
}

/** The nth number, or `most` when it is larger. */
function fibonacci(n: number, most: number): number {
  let [current, next] = [1, 1];
  for (let step = 1; step < n && current < most; step++) [current, next] = [next, current + next];
  return Math.min(current, most);
}
