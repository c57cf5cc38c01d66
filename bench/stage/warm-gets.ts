import { setTimeout as sleep } from 'node:timers/promises';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';

/** GetPrivacySettings with a `max_age` that any snapshot of this run meets. */
export const warmGet = (api: Api, instance: string): Promise<unknown> =>
  api.call(Privacy.getPrivacySettings, { instance, maxAge: { seconds: 3600n, nanos: 0 } });

/**
 * Calls at a steady rate until `over`, and gives how long each took from the moment it was due, so that a server which
 * keeps the next calls waiting gains nothing by it. Makes no call while `instance` gives none.
 */
export async function steadyGets(
  api: Api,
  perSecond: number,
  over: Promise<unknown>,
  instance: () => string | undefined,
): Promise<number[]> {
  const took: number[] = [];
  const calls: Promise<void>[] = [];
  let isOver = false;
  void over.finally(() => {
    isOver = true;
  });
  for (let due = performance.now(); !isOver; due += 1000 / perSecond) {
    const name = instance();
    if (name !== undefined) {
      const dueAt = due;
      calls.push(warmGet(api, name).then(() => void took.push(performance.now() - dueAt)));
    }
    await sleep(Math.max(due + 1000 / perSecond - performance.now(), 0));
  }
  await Promise.all(calls);
  return took;
}
