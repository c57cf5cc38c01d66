const CAP_SECONDS = 900;
/** After a 429 WhatsApp's own client waits five steps longer and at least this long (whatsapp-rust `client.rs`). */
const RATE_LIMITED_STEPS = 5;
const RATE_LIMITED_MIN_SECONDS = 8;

/**
 * Milliseconds to wait before connection attempt number `attempt` (from 1) after failures in a row: Fibonacci
 * seconds 1, 1, 2, 3, 5 … up to 900, each ±10 %, as WhatsApp Web does it.
 *
 * @param random From 0 to 1, exclusive.
 */
export function backoffMs(attempt: number, rateLimited: boolean, random: () => number = Math.random): number {
  const steps = attempt + (rateLimited ? RATE_LIMITED_STEPS : 0);
  const floor = rateLimited ? RATE_LIMITED_MIN_SECONDS : 1;
  const seconds = Math.min(Math.max(fibonacci(steps), floor), CAP_SECONDS);
  return Math.round(seconds * 1000 * (0.9 + 0.2 * random()));
}

function fibonacci(n: number): number {
  let [current, next] = [1, 1];
  for (let step = 1; step < n && current < CAP_SECONDS; step++) [current, next] = [next, current + next];
  return current;
}
