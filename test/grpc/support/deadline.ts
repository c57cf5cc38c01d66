import type { MethodDefinition } from '@grpc/grpc-js';
import { expect, vi } from 'vitest';
import type { Api } from './api.js';
import { type Ended, invoke } from './invoke.js';

/**
 * How a call ends whose deadline passes after it has begun. The clock is moved, and only the server knows the deadline:
 * on a busy machine its answer would come after the client gave up.
 */
export async function endedByDeadline<Request extends object, Response>(
  api: Api,
  method: MethodDefinition<Request, Response>,
  request: Partial<Request>,
  hasBegun: () => boolean,
): Promise<Ended<Response>> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const call = invoke(api, method, request, { metadata: { 'grpc-timeout': '60S' } });
    await expect.poll(hasBegun).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    return await call;
  } finally {
    vi.useRealTimers();
  }
}
