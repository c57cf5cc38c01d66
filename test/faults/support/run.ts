import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Effect, InjectedFault } from '../../../src/simulator/index.js';
import type { Service } from '../../support/service.js';
import type { Watching } from '../../support/watch.js';
import { aftermathOf, historyOf } from './aftermath.js';
import { type Aftermath, falseEntries, isPending } from './afterwards.js';
import { epilogueOf } from './epilogue.js';
import { type Desk, recover, undeafen } from './fleet.js';
import type { Run } from './oracle.js';
import type { Plan } from './plans.js';
import { listsOf, setOnPhone, settingsOf, wished } from './settings.js';
import { timelineOf } from './timeline.js';
import { type Answer, update } from './updates.js';

/**
 * Carries a plan out on a connected instance and gathers all that can be known of it.
 *
 * @param watching One who watches; then what is left of the update is waited for.
 */
export async function carryOut(service: Service, desk: Desk, plan: Plan, watching?: Watching): Promise<Run> {
  const { simulator } = service;
  const { instance, phone } = desk;
  const journal = simulator.journal(phone.phoneNumber);
  await prepare(service, desk, plan);

  const before = settingsOf(phone);
  const listsBefore = listsOf(phone);
  const from = journal.length;
  const heardBefore = watching?.events.length ?? 0;
  const events = () => journal.slice(from);
  const isSent = () => events().some(event => event.event === 'asked' && event.iq.attrs['type'] === 'set');
  const faults = plan.faults.map(fault =>
    simulator.inject({
      ...fault,
      match: { ...fault.match, ...(isOfAccount(fault.match.on) && { phoneNumber: phone.phoneNumber }) },
    }),
  );
  const order = { instance, wishes: plan.wishes, onFailure: plan.onFailure, requestId: randomUUID() };
  const gone = new AbortController();
  const over = new AbortController();
  let cancelTime: number | undefined;
  const meanwhile = [
    ...plan.meanwhile.map(async ({ at, values }) => {
      if (at === 'first set') await until(isSent, over.signal);
      else await wait(at, undefined, { signal: over.signal });
      setOnPhone(phone, values);
    }),
    after(plan.cancelAfterMs, over.signal, () => {
      cancelTime = Date.now();
      gone.abort();
    }),
    after(plan.reconnectAfterMs, over.signal, () =>
      service.client.call(Instances.reconnectInstance, { instance: instance }).catch(() => undefined),
    ),
  ].map(job => job.catch(() => undefined)); // Ended before its time.

  const startTime = Date.now();
  const first = await update(service.client, order, { deadlineMs: plan.deadlineMs, signal: gone.signal });
  let answeredAt = events().length;
  let answerTime = Date.now();
  over.abort();
  await Promise.all(meanwhile);

  // Who left, or heard nothing, asks again with the same request_id: that waits for the end of an update that sent
  // something. One that has sent nothing yet goes on until its deadline at most. Asked as soon as something is sent, for
  // what happens between the end of the update and the repetition was not known to it.
  let repetition: Answer | undefined;
  const lastEnd = startTime + plan.deadlineMs + 200;
  if (first.outcomes === undefined) await until(() => isSent() || Date.now() >= lastEnd);
  if (isSent()) repetition = await update(service.client, order, { deadlineMs: 20_000 });
  if (first.outcomes === undefined) {
    answeredAt = events().length;
    answerTime = Date.now();
  }
  const history = (await historyOf(service, instance)).filter(
    ({ requestId }) => requestId === order.requestId,
  );
  if (plan.isPatient || plan.isLeftAlone) await delaysOver(faults, events);
  for (const fault of faults) fault.remove();
  const isDeaf = happened(faults).some(effect => effect.do === 'half_open');
  const isTrue = (left: Omit<Aftermath, 'changes'>) =>
    falseEntries(left, timelineOf(before, events()), order.requestId).length === 0;
  const happenings = { heardBefore, before, events, isDeaf, isLeftAlone: plan.isLeftAlone ?? false };
  const aftermath = watching && (await aftermathOf(service, desk, watching, happenings, isTrue));
  const seen = events();
  const timeline = timelineOf(before, seen);
  const epilogue =
    plan.hasEpilogue && watching && aftermath
      ? await epilogueOf(service, desk, watching, plan.wishes, timeline)
      : undefined;
  // What was left alone must not take effect in the next run.
  if (timeline.sets.some(set => isPending(timeline, set))) {
    await undeafen(service, desk);
    await recover(service, desk);
  }
  // What the phone changed last is known to the service, or the next run would start from something older.
  if (plan.meanwhile.length > 0) await read(service, instance);

  return {
    plan,
    before,
    listsBefore,
    events: seen,
    answer: first.outcomes || !repetition ? first : repetition,
    answeredAt,
    startTime,
    answerTime,
    cancelTime,
    isAnswered: first.outcomes !== undefined,
    repetition,
    history,
    requestId: order.requestId,
    aftermath,
    epilogue,
    isCut: happened(faults).some(effect => CUTS.includes(effect.do)),
    isDeaf,
  };
}

export const happened = (faults: readonly InjectedFault[]): Effect[] =>
  faults.filter(fault => fault.hits() > 0).map(({ fault }) => fault.effect);

/** These break a connection in a way that the server's own record does not tell what got through. */
const CUTS: readonly string[] = ['reset', 'undecryptable'] satisfies Effect['do'][];

const isOfAccount = (on: string): boolean => on !== 'upgrade' && on !== 'hello';

/** Sets the values to start from; when it is done the service knows that they changed. */
async function prepare(service: Service, { instance, phone }: Desk, plan: Plan): Promise<void> {
  const { simulator } = service;
  const acks = () => simulator.findStanzas({ phoneNumber: phone.phoneNumber, tag: 'ack' }).length;
  const now = settingsOf(phone);
  const due = wished(plan.start).filter(category => plan.start[category] !== now[category]);
  const known = acks();
  const values = Object.fromEntries(due.map(category => [category, plan.start[category]]));
  setOnPhone(phone, values, plan.excepting);
  await until(() => acks() >= known + due.length);
  if (plan.readBefore) await read(service, instance);
}

/** Asks WhatsApp; fails where a connection is about to end. */
const read = ({ client }: Service, instance: string) =>
  client.call(Privacy.getPrivacySettings, { instance }, { deadlineMs: 1_500 }).catch(() => undefined);

/** Waits until what WhatsApp held back has happened. */
export async function delaysOver(
  faults: readonly InjectedFault[],
  events: () => Run['events'],
): Promise<void> {
  const delays = happened(faults).map(effect =>
    effect.do === 'delay' || effect.do === 'late' ? effect.ms : 0,
  );
  const longest = Math.max(0, ...delays);
  if (longest === 0) return;
  const lastAsked = Math.max(...events().map(({ event, time }) => (event === 'asked' ? time : 0)));
  await wait(Math.max(0, lastAsked + longest + 50 - Date.now()));
}

async function after(ms: number | undefined, signal: AbortSignal, what: () => unknown): Promise<void> {
  if (ms === undefined) return;
  await wait(ms, undefined, { signal });
  await what();
}

export async function until(isSo: () => boolean, signal?: AbortSignal): Promise<void> {
  while (!isSo()) await wait(2, undefined, signal ? { signal } : {});
}
