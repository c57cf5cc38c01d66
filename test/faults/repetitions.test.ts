import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.js';
import { block } from './support/block.js';
import { findingsOf, inWords, SEED_IN_WORDS, seedsFor } from './support/findings.js';
import { type Desk, openDesks, recover } from './support/fleet.js';
import { LONG_MS, type Repeated, repetitionFaults, repetitionOf } from './support/repetitions.js';
import { setOnPhone, settingsOf, type Values, wished } from './support/settings.js';
import { update } from './support/updates.js';

/** Updates with faults for one of these. */
const EVERY = 5;

let service: Service;
let desks: Desk[];
beforeAll(async () => {
  service = await startService();
  desks = await openDesks(service, 10);
});
afterAll(() => service[Symbol.asyncDispose]());

async function findingOf(desk: Desk, seed: number): Promise<string | undefined> {
  const { instance, phone } = desk;
  const drawn = repetitionOf(seed);
  const { wishes, onFailure, blockedForMs, callers, effects } = drawn;
  // So that all of it is to be changed.
  const start: Values = Object.fromEntries(
    wished(wishes).map(category => [category, category === 'disappearing_mode' ? '0' : 'all']),
  );
  setOnPhone(phone, start);
  const blocking = blockedForMs === undefined ? undefined : await block(service, desk, blockedForMs);
  for (const effect of effects)
    service.simulator.inject({ match: { on: 'privacy_set', phoneNumber: phone.phoneNumber }, effect });

  const before = settingsOf(phone);
  const from = service.simulator.journal(phone.phoneNumber).length;
  const order = { instance, wishes, onFailure, requestId: randomUUID() };
  const calls = await Promise.all(
    callers.map(async (caller): Promise<Repeated> => {
      const { startAfterMs, deadlineMs, cancelAfterMs } = caller;
      await wait(startAfterMs);
      const began = performance.now();
      const answer = await update(service.client, order, {
        deadlineMs,
        ...(cancelAfterMs !== undefined && { signal: AbortSignal.timeout(cancelAfterMs) }),
      });
      return { ...caller, answer, tookMs: performance.now() - began };
    }),
  );
  const last = await update(service.client, order, { deadlineMs: LONG_MS });
  await blocking?.ended;
  const events = service.simulator.journal(phone.phoneNumber).slice(from);
  const faults = repetitionFaults(drawn, calls, last, before, events);
  for (const { fault, remove } of service.simulator.faults())
    if (fault.match.phoneNumber === phone.phoneNumber) remove();
  await recover(service, desk);
  return faults.length > 0 ? `${faults.join('; ')}\n    ${inWords({ drawn, calls, last })}` : undefined;
}

test(`a request that several make under one request_id is each caller's own until something is sent, and made once (${SEED_IN_WORDS})`, async () => {
  expect(await findingsOf(desks, seedsFor(EVERY), findingOf)).toEqual([]);
});
