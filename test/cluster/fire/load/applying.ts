import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { PrivacyServiceService as Privacy } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { requestOf, settingsOf, wished } from '../../../faults/support/settings.js';
import { CallError, type Caller } from '../../../support/call.js';
import type { Desk } from '../support/desk.js';
import type { Wish } from '../support/draws.js';

/** What came of changes of many: how many accounts each way, and what was false. */
export type Applies = { succeeded: number; failed: number; cut: number; readonly wrong: string[] };

const GIVE_UP_MS = 60_000;
const PAUSE_MS = 300;

/** Changes all of these at once, again and again until `over`; nobody else changes them. */
export async function keepApplying(
  client: Caller,
  desks: readonly Desk[],
  all: Iterable<Wish>,
  over: AbortSignal,
): Promise<Applies> {
  const applies: Applies = { succeeded: 0, failed: 0, cut: 0, wrong: [] };
  const instances = desks.map(({ instance }) => instance);
  for (const { wishes, onFailure } of all) {
    if (over.aborted) return applies;
    const requestId = randomUUID();
    const request = { ...requestOf(wishes), instances, onFailure, requestId };
    const succeeded = new Set<string>();
    const done = new Set<string>();
    try {
      const signal = AbortSignal.timeout(GIVE_UP_MS);
      for await (const { instance, result } of client.stream(Privacy.applyPrivacySettings, request, {
        signal,
      })) {
        if (done.has(instance)) applies.wrong.push(`${requestId} told the end of ${instance} twice`);
        done.add(instance);
        if (result?.$case === 'success') succeeded.add(instance);
        else applies.failed++;
      }
      if (done.size < instances.length)
        applies.wrong.push(`${requestId} ended OK with ${done.size} accounts`);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (done.size < instances.length) applies.cut++;
    }
    applies.succeeded += succeeded.size;
    for (const { instance, phone } of desks.filter(desk => succeeded.has(desk.instance))) {
      const now = settingsOf(phone);
      for (const category of wished(wishes))
        if (now[category] !== wishes[category])
          applies.wrong.push(
            `${requestId} succeeded on ${instance} with ${category}=${wishes[category]}, in force is ${now[category]}`,
          );
    }
    await wait(PAUSE_MS);
  }
  return applies;
}
