import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { PrivacyEvent } from '../../src/simulator/index.js';
import { type Service, startService } from '../support/service.js';
import { findingsOf, inWords, SEED_IN_WORDS, seedsFor } from './support/findings.js';
import { type Desk, openDesks, recover } from './support/fleet.js';
import { crowd, type Hustle, type HustlingCaller, neighbours } from './support/hustles.js';
import { type Effects, hasSerialOrder } from './support/serial-order.js';
import { categoryOf, settingsOf, type Values } from './support/settings.js';
import { timelineOf } from './support/timeline.js';
import { type Answer, update } from './support/updates.js';

/** Updates with faults for one crowd, and for one group of neighbours. */
const EVERY = 10;
const DEADLINE_MS = 2_500;
/** Nobody waits less than this for a reply before it goes on. */
const LEAST_PATIENCE_MS = 100;

let service: Service;
let desks: Desk[];
beforeAll(async () => {
  service = await startService();
  desks = await openDesks(service, 10);
});
afterAll(() => service[Symbol.asyncDispose]());

type Call = HustlingCaller & { readonly answer: Answer; readonly begin: number; readonly end: number };
type Story = { before: Values; calls: Call[]; final: Values; events: readonly PrivacyEvent[] };

/** Lets the callers loose on one instance and waits until the last update has ended. */
async function watch(desk: Desk, { callers, faults }: Hustle): Promise<Story> {
  const { phone, instance } = desk;
  const journal = service.simulator.journal(phone.phoneNumber);
  const before = settingsOf(phone);
  const from = journal.length;
  const armed = faults.map(fault =>
    service.simulator.inject({ ...fault, match: { ...fault.match, phoneNumber: phone.phoneNumber } }),
  );
  const calls = await Promise.all(
    callers.map(async caller => {
      const { wishes, onFailure, startAfterMs, cancelAfterMs } = caller;
      await wait(startAfterMs);
      const begin = Date.now();
      const answer = await update(
        service.client,
        { instance, wishes, onFailure, requestId: randomUUID() },
        {
          deadlineMs: DEADLINE_MS,
          ...(cancelAfterMs !== undefined && { signal: AbortSignal.timeout(cancelAfterMs) }),
        },
      );
      return { ...caller, answer, begin, end: Date.now() };
    }),
  );
  // An update whose caller left may go on until its deadline.
  const lastLeft = Math.max(...calls.map(call => (call.answer.outcomes ? 0 : call.begin + DEADLINE_MS)));
  await wait(Math.max(lastLeft + 200 - Date.now(), 200));
  for (const fault of armed) fault.remove();
  const story = { before, calls, final: settingsOf(phone), events: journal.slice(from) };
  await recover(service, desk);
  return story;
}

function effectsOf(calls: readonly Call[]): Effects[] {
  const effects = new Map<Call, Effects & { after: Effects[] }>();
  for (const call of calls) {
    const { wishes, answer } = call;
    const among = (states: readonly State[]): Values =>
      Object.fromEntries(
        (answer.outcomes ?? [])
          .filter(({ state }) => states.includes(state))
          .map(({ setting, requestedValue }) => [categoryOf(setting), requestedValue]),
      );
    effects.set(call, {
      made: among([State.APPLIED, State.UNCHANGED]),
      perhaps: answer.outcomes ? among([State.UNKNOWN]) : wishes,
      after: [],
    });
  }
  for (const [call, effect] of effects)
    for (const [earlier, its] of effects) if (earlier.end < call.begin) effect.after.push(its);
  return [...effects.values()];
}

test(`what many callers at once leave behind is what some order of their updates gives (${SEED_IN_WORDS})`, async () => {
  const findings = await findingsOf(desks, seedsFor(EVERY), async (desk, seed) => {
    const { before, calls, final } = await watch(desk, crowd(seed));
    const effects = effectsOf(calls);
    return hasSerialOrder(before, effects, final) ? undefined : inWords({ before, final, calls });
  });
  expect(findings).toEqual([]);
});

test(`no stanza of an update leaves before the outcome of the one before (${SEED_IN_WORDS})`, async () => {
  const findings = await findingsOf(desks, seedsFor(EVERY), async (desk, seed) => {
    const { before, calls, events } = await watch(desk, neighbours(seed));
    const owner = (category: keyof Values) => calls.findIndex(({ wishes }) => category in wishes);
    const { sets } = timelineOf(before, events);
    const owners = sets.map(({ category }) => owner(category));
    const turns = owners.filter((one, index) => one !== owners[index - 1]);
    if (new Set(turns).size < turns.length) return `turns ${turns.join()} of ${inWords({ calls, sets })}`;

    const timeOf = (place: number) => events[place]?.time ?? 0;
    const isHasty = sets.some(set => {
      const next = sets.find(
        ({ category, asked }) => asked > set.asked && owner(category) !== owner(set.category),
      );
      if (!next || (set.answered ?? next.asked) < next.asked || set.connection !== next.connection)
        return false;
      return timeOf(next.asked) - timeOf(set.asked) < LEAST_PATIENCE_MS;
    });
    return isHasty ? `nobody waited for a reply of ${inWords({ calls, sets })}` : undefined;
  });
  expect(findings).toEqual([]);
});
