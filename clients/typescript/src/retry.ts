import { setTimeout as sleep } from 'node:timers/promises';
import { retryDelayMsOf } from 'wa-privacy/client';

/** Calls again for as long as the error says when. */
export async function retrying<R>(call: () => Promise<R>): Promise<R> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const delayMs = retryDelayMsOf(error);
      if (delayMs === undefined) throw error;
      await sleep(delayMs);
    }
  }
}
