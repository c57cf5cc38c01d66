import type { Metadata } from '@grpc/grpc-js';
import type { CallContext } from '../calls/call-context.js';

/** Looks at a call before its request is read. Throws or rejects to refuse it. */
export type Check = (context: CallContext, metadata: Metadata) => void | Promise<void>;

/** Accepts what every check accepts, one asked after another. Waits only for what takes time, as few checks do. */
export const everyCheck =
  (checks: readonly Check[]): Check =>
  (context, metadata) =>
    checkFrom(0, checks, context, metadata);

function checkFrom(
  first: number,
  checks: readonly Check[],
  context: CallContext,
  metadata: Metadata,
): void | Promise<void> {
  for (let index = first; index < checks.length; index++) {
    const pending = checks[index]?.(context, metadata);
    if (pending) return pending.then(() => checkFrom(index + 1, checks, context, metadata));
  }
}
