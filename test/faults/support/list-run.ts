import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import {
  type BlacklistEntry,
  ContactBlacklistSetting as List,
  PrivacyServiceService as Privacy,
  type UpdateContactBlacklistRequest,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { CallError } from '../../support/call.js';
import type { Service } from '../../support/service.js';
import type { Watching } from '../../support/watch.js';
import { aftermathOf, historyOf } from './aftermath.js';
import type { Aftermath } from './afterwards.js';
import type { Desk } from './fleet.js';
import { falseListEntries, type ListAnswer, type ListRun } from './list-oracle.js';
import { type ListPlan, type OnPhone, PEOPLE, type Person } from './list-plans.js';
import { delaysOver, happened, until } from './run.js';
import { settingsOf } from './settings.js';

const SETTINGS = {
  last: List.LAST_SEEN,
  status: List.STATUS,
  profile: List.PROFILE,
  groupadd: List.GROUP_ADD,
} as const;

const LIDS = new Map(PEOPLE.map((person, index) => [`79${index}`, person]));

/** Makes the simulator know whoever may be on a list. */
export function invite({ simulator }: Service): void {
  for (const [lid, phoneNumber] of LIDS) simulator.addPerson({ phoneNumber, lid });
}

/** Whose phone number or LID it is, in any form. */
export function personOf(id: string): Person | undefined {
  const user = id.replace(/^\+/, '').split('@')[0] ?? '';
  return PEOPLE.find(person => person === user) ?? LIDS.get(user);
}

/** Carries a plan out on a connected instance, and waits until everything has come to its end. */
export async function carryOutList(
  service: Service,
  desk: Desk,
  plan: ListPlan,
  watching: Watching,
): Promise<ListRun> {
  const { simulator } = service;
  const { instance, phone } = desk;
  const journal = simulator.journal(phone.phoneNumber);
  const onPhone = (what: OnPhone) => {
    if ('contacts' in what) phone.exceptContacts(plan.category, what.contacts);
    else phone.setPrivacy(plan.category, what.value);
  };
  const acks = () => simulator.findStanzas({ phoneNumber: phone.phoneNumber, tag: 'ack' }).length;
  const known = acks();
  phone.setAddressing(plan.addressing);
  onPhone({ contacts: plan.before });
  onPhone({ value: plan.value });
  await until(() => acks() >= known + 2);
  const setting = SETTINGS[plan.category];
  const etag = plan.hasEtag
    ? await service.client
        .call(Privacy.getContactBlacklist, { instance, setting }, { deadlineMs: 5_000 })
        .then(list => list.etag)
        .catch(() => '')
    : '';

  const before = settingsOf(phone);
  const from = journal.length;
  const heardBefore = watching.events.length;
  const events = () => journal.slice(from);
  const isSent = () => events().some(event => event.event === 'asked' && event.iq.attrs['type'] === 'set');
  const faults = plan.faults.map(fault =>
    simulator.inject({ ...fault, match: { ...fault.match, phoneNumber: phone.phoneNumber } }),
  );
  const over = new AbortController();
  const meanwhile = plan.meanwhile.map(async ({ at, what }) => {
    await wait(at, undefined, { signal: over.signal }).then(
      () => onPhone(what),
      () => undefined,
    );
  });
  const request = {
    instance,
    setting,
    entriesToAdd: plan.add.map(entryOf),
    entriesToRemove: plan.remove.map(entryOf),
    replace: plan.replace,
    etag,
    validateOnly: plan.validateOnly,
    requestId: randomUUID(),
  };

  const startTime = Date.now();
  let answer = await change(service, request, plan.deadlineMs);
  over.abort();
  await Promise.all(meanwhile);
  if (answer.code === status.DEADLINE_EXCEEDED && answer.state === undefined && isSent())
    answer = await change(service, request, 20_000);
  const answeredAt = events().length;
  const answerTime = Date.now();
  const history = (await historyOf(service, instance)).filter(
    ({ requestId }) => requestId === request.requestId,
  );
  if (plan.isPatient) await delaysOver(faults, events);
  for (const fault of faults) fault.remove();
  const isDeaf = happened(faults).some(effect => effect.do === 'half_open');
  const isTrue = ({ history: entries }: Pick<Aftermath, 'history'>) =>
    falseListEntries({ plan, events: events(), requestId: request.requestId }, entries).length === 0;
  const aftermath = await aftermathOf(
    service,
    desk,
    watching,
    { heardBefore, before, events, isDeaf, isLeftAlone: false },
    isTrue,
  );
  return {
    plan,
    before,
    events: events(),
    answer,
    answeredAt,
    startTime,
    answerTime,
    requestId: request.requestId,
    history,
    aftermath,
  };
}

const entryOf = (person: Person): BlacklistEntry => ({ id: { $case: 'phoneNumber', value: `+${person}` } });

/** Asks for a change; however it ends, its end is data. */
async function change(
  { client }: Service,
  request: Partial<UpdateContactBlacklistRequest>,
  deadlineMs: number,
): Promise<ListAnswer> {
  try {
    const answer = await client.call(Privacy.updateContactBlacklist, request, { deadlineMs });
    const entries = answer.entries.map(({ id }) => personOf(id?.value ?? ''));
    return {
      code: status.OK,
      reason: undefined,
      state: answer.outcome?.state,
      entries: answer.entriesUnknown ? undefined : entries,
    };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { code, reason, update } = error;
    return { code, reason, state: update?.outcomes[0]?.state, entries: undefined };
  }
}
