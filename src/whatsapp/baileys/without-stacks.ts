/**
 * Does what makes many errors that nobody sees, without their stacks: Baileys notes one for each wait, and Node 24
 * throws and catches two for each cipher with plain bytes as its key (`lib/internal/crypto/keys.js`). Those stacks are
 * some 7 % of the processor time of a login.
 */
export function withoutStacks<Result>(work: () => Result): Result {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The same for what goes on in this run of the event loop, until it waits for something. */
export function withoutStacksUntilItWaits(): void {
  const { stackTraceLimit } = Error;
  if (stackTraceLimit === 0) return; // Whoever has set it sets it back.
  Error.stackTraceLimit = 0;
  queueMicrotask(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
}
