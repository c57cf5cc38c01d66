import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type BlacklistEntry,
  ContactBlacklistSetting as List,
  OnFailure,
  PrivacyServiceService as Privacy,
  PrivacyChange_Kind,
  type UpdateContactBlacklistRequest,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  LastSeenVisibility as LastSeen,
  PrivacySetting,
  StatusVisibility as Status,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Effect, Fault } from '../../src/simulator/index.js';
import { failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';
import { watch } from '../support/watch.js';

/** What an outside look found to be said that was not so; each with what must come. */

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  desk = await service.linked();
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
});
afterEach(() => service.simulator.clearFaults());

const update = (request: Partial<UpdatePrivacySettingsRequest>, deadlineMs = 30_000) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, ...request }, { deadlineMs });
const inject = (match: Fault['match'], effect: Effect, more: Partial<Fault> = {}) =>
  service.simulator.inject({
    match: { ...match, phoneNumber: desk.phone.phoneNumber } as Fault['match'],
    effect,
    ...more,
  });
const statesOf = (outcomes: readonly { setting: PrivacySetting; state: State }[] = []) =>
  Object.fromEntries(outcomes.map(({ setting, state }) => [PrivacySetting[setting], State[state]]));
const history = async () => {
  const { instance } = desk;
  const kinds = [PrivacyChange_Kind.SETTING_CHANGED];
  const { changes } = await service.client.call(Privacy.listPrivacyChanges, { instance, kinds });
  return changes.map(({ newValue, outcome, resolvedOutcome }) => [
    newValue,
    State[outcome],
    State[resolvedOutcome],
  ]);
};

describe('a setting that has its value already', () => {
  test('is not told as unchanged when another device changes it during the update', async () => {
    desk.phone.setPrivacy('last', 'none');
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    inject(
      { on: 'privacy_set', category: 'status' },
      { do: 'phone', settings: { last: 'all' }, moment: 'before_apply' },
    );
    const failure = await failureOf(
      update({ visibility: { lastSeen: LastSeen.NONE, status: Status.CONTACTS } as never }),
    );
    expect(failure).toMatchObject({ reason: 'PARTIAL_UPDATE' });
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN', STATUS: 'APPLIED' });
    expect(failure.update?.settings?.visibility?.lastSeen).toBe(LastSeen.ALL);
    expect(await history()).toContainEqual(['all', 'APPLIED', 'UNSPECIFIED']);
    expect(await history()).not.toContainEqual(['none', 'UNKNOWN', 'UNSPECIFIED']);
  });
});

describe('a setting that has its value already, and that the read-back does not tell', () => {
  test.each([
    ['is not told as unchanged', undefined],
    ['is not told as unchanged when an earlier read showed another value', 'all'],
  ])('%s', async (_, meanwhile) => {
    desk.phone.setPrivacy('last', 'none');
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    if (meanwhile)
      inject(
        { on: 'privacy_set', category: 'status' },
        { do: 'phone', settings: { last: meanwhile }, moment: 'before_apply' },
      );
    inject(
      { on: 'privacy_get' },
      { do: 'refuse_category', code: 403, category: 'last' },
      { after: meanwhile ? 1 : 0, times: Number.POSITIVE_INFINITY },
    );
    const failure = await failureOf(
      update({ visibility: { lastSeen: LastSeen.NONE, status: Status.CONTACTS } as never }),
    );
    expect(failure).toMatchObject({ reason: 'PARTIAL_UPDATE' });
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN', STATUS: 'APPLIED' });
  });
});

describe('an update with the etag of settings that have just changed', () => {
  afterEach(() => {
    service.simulator.behaviour.latencyMs = 0;
  });

  test('is not made because a read that left before it shows them as they were', async () => {
    const read = () => service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    const { settings } = await read();
    service.simulator.behaviour.latencyMs = 800;
    const journal = service.simulator.journal(desk.phone.phoneNumber);
    const past = journal.length;
    const early = read();
    const isAnswered = () => journal.slice(past).some(({ event }) => event === 'answered');
    await expect.poll(isAnswered, { interval: 5 }).toBe(true);
    desk.phone.setPrivacy('status', 'none');
    const late = update({ visibility: { lastSeen: LastSeen.NONE } as never, etag: settings?.etag ?? '' });
    expect((await failureOf(late)).reason).toBe('ETAG_MISMATCH');
    expect((await early).settings?.etag).toBe(settings?.etag);
    expect(desk.phone.settings()['last']).toBe('all');
  });
});

describe('a change that takes effect after its caller was answered', () => {
  test('ends as UNKNOWN, is told to watchers as ours, and amends the history', async () => {
    const watching = watch(service.client, { instances: [desk.instance] });
    await expect.poll(watching.heard).toEqual([`${desk.instance} snapshot`]);
    inject({ on: 'privacy_set', category: 'last' }, { do: 'delay', ms: 4_000, moment: 'before_apply' });
    const failure = await failureOf(update({ visibility: { lastSeen: LastSeen.NONE } as never }, 1_500));
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN' });
    expect(await history()).toEqual([['none', 'UNKNOWN', 'UNSPECIFIED']]);

    await expect.poll(watching.heard).toContain(`${desk.instance} THIS_SERVICE LAST_SEEN`);
    expect(await history()).toEqual([['none', 'UNKNOWN', 'APPLIED']]);
    watching.leave();
  });
});

describe('a change whose read-back fails', () => {
  test.each<[string, Effect]>([
    ['refused', { do: 'refuse', code: 500 }],
    ['not answered', { do: 'silence' }],
  ])('because it is %s is told to watchers all the same', async (_, effect) => {
    const watching = watch(service.client, { instances: [desk.instance] });
    await expect.poll(watching.heard).toEqual([`${desk.instance} snapshot`]);
    const fault = inject({ on: 'privacy_get' }, effect, { times: Number.POSITIVE_INFINITY });
    await update({ visibility: { lastSeen: LastSeen.NONE } as never }, 3_000);
    fault.remove();
    const told = () =>
      watching.events.some(({ event }) => {
        const settings = event?.$case === 'change' ? event.value.settings : undefined;
        const now = event?.$case === 'snapshot' ? event.value : settings;
        return now?.visibility?.lastSeen === LastSeen.NONE;
      });
    await expect.poll(told).toBe(true);
    watching.leave();
  });
});

describe('a rollback that WhatsApp does not answer', () => {
  const SET_BACK_LATE = { do: 'late', ms: 4_000 } as const;

  test('leaves unknown what may be set back yet, and amends the history when it is', async () => {
    inject({ on: 'privacy_set', category: 'status' }, { do: 'refuse', code: 403 });
    inject({ on: 'privacy_set', category: 'last' }, SET_BACK_LATE, { after: 1 });
    const failure = await failureOf(
      update(
        {
          visibility: { lastSeen: LastSeen.NONE, status: Status.NONE } as never,
          onFailure: OnFailure.ROLL_BACK,
        },
        2_000,
      ),
    );
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN', STATUS: 'FAILED' });
    expect(failure.update?.outcomes[0]?.message).toBe(
      'it was applied; of setting it back: WhatsApp did not answer in time; a read did not show it, but it may still take effect',
    );
    expect(failure.update?.settings?.visibility?.lastSeen).toBe(LastSeen.NONE);
    expect(await history()).toContainEqual(['none', 'UNKNOWN', 'UNSPECIFIED']);

    await expect.poll(() => desk.phone.settings()['last']).toBe('all');
    desk.phone.dropConnections('close');
    await expect.poll(history).toContainEqual(['none', 'UNKNOWN', 'ROLLED_BACK']);
  });
});

describe('a rollback to contact_blacklist', () => {
  const narrowBoth = () =>
    failureOf(
      update({
        visibility: { lastSeen: LastSeen.NONE, status: Status.NONE } as never,
        onFailure: OnFailure.ROLL_BACK,
      }),
    );

  beforeEach(async () => {
    desk.phone.exceptContacts('last', ['15550177001']);
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    inject({ on: 'privacy_set', category: 'status' }, { do: 'refuse', code: 403 });
  });
  afterEach(() => {
    service.simulator.behaviour.listAway = 'kept';
  });

  test('is one when the list is what it was', async () => {
    const { update: told } = await narrowBoth();
    expect(statesOf(told?.outcomes)).toEqual({ LAST_SEEN: 'ROLLED_BACK', STATUS: 'FAILED' });
  });

  test('is none when WhatsApp has dropped the list meanwhile', async () => {
    service.simulator.behaviour.listAway = 'cleared';
    const { update: told } = await narrowBoth();
    expect(statesOf(told?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN', STATUS: 'FAILED' });
    expect(told?.outcomes[0]?.message).toContain('list of contacts');
  });
});

describe('a change of a list that WhatsApp did not tell before', () => {
  const [OLD, NEW] = ['+15550177001', '+15550177002'];
  const entry = (value = ''): BlacklistEntry => ({ id: { $case: 'phoneNumber', value } });
  const change = (request: Partial<UpdateContactBlacklistRequest>) =>
    service.client.call(
      Privacy.updateContactBlacklist,
      { instance: desk.instance, setting: List.LAST_SEEN, ...request },
      { deadlineMs: 30_000 },
    );
  const onList = () =>
    desk.phone
      .contactList('last')
      .contacts.map(({ phoneNumber }) => phoneNumber)
      .toSorted();

  beforeEach(async () => {
    for (const phoneNumber of [OLD, NEW])
      if (phoneNumber !== undefined)
        service.simulator.addPerson({ phoneNumber, lid: `7${phoneNumber.slice(-3)}` });
    desk.phone.exceptContacts('last', [OLD ?? '']);
    desk.phone.setPrivacy('last', 'contacts'); // The list is kept behind it, untold.
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  });

  test.each([
    ['an addition', { entriesToAdd: [entry(NEW)] }],
    ['a removal', { entriesToRemove: [entry(OLD)] }],
    ['a replacement', { entriesToAdd: [entry(NEW)], replace: true }],
    ['a replacement by nobody', { replace: true }],
  ])('%s is not told as made when the list cannot be read after it', async (_, request) => {
    inject({ on: 'list_get' }, { do: 'refuse', code: 500 }, { after: 1, times: Number.POSITIVE_INFINITY });
    const failure = await failureOf(change(request));
    expect(failure).toMatchObject({ reason: 'PARTIAL_UPDATE' });
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN' });
  });

  test('is not told as failed when what came with it could not be taken off again', async () => {
    inject({ on: 'privacy_set', category: 'last' }, { do: 'refuse', code: 403 }, { after: 1 });
    const failure = await failureOf(change({ entriesToAdd: [entry(NEW)], replace: true }));
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'UNKNOWN' });
    expect(desk.phone.settings()['last']).toBe('contact_blacklist');
  });

  test('is made as asked when it can be read, and answers with what was read', async () => {
    const { entries, outcome } = await change({ entriesToAdd: [entry(NEW)] });
    expect(outcome?.state).toBe(State.APPLIED);
    const ids = entries.map(({ id }) => (id?.$case === 'phoneNumber' ? id.value.slice(1) : ''));
    expect(ids.toSorted()).toEqual(onList());
    const removal = await change({ entriesToRemove: [entry(OLD)] });
    expect(removal.outcome?.state).toBe(State.APPLIED);
    expect(onList()).toEqual([NEW?.slice(1)]);
  });

  test('says with validate_only that nobody can know the list to come', async () => {
    const { entries, entriesUnknown, outcome } = await change({
      entriesToAdd: [entry(NEW)],
      validateOnly: true,
    });
    expect({ entries, entriesUnknown, state: outcome?.state }).toEqual({
      entries: [],
      entriesUnknown: true,
      state: State.WOULD_CHANGE,
    });
    const replaced = await change({ entriesToAdd: [entry(NEW)], replace: true, validateOnly: true });
    expect(replaced).toMatchObject({ entries: [entry(NEW)], entriesUnknown: false });
  });
});
