import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ErrorReason, SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  OnFailure,
  Origin,
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
  SettingDescription_NotWritableReason as Why,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  GroupAddPermission,
  LastSeenVisibility,
  PrivacySetting,
  ProfileVisibility,
  DefaultDisappearingTimer as Timer,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Effect } from '../../src/simulator/index.js';
import { failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';
import { watch } from '../support/watch.js';

const DAY = 86_400;
const WEEK = 604_800;

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());
afterEach(() => service.simulator.clearFaults());

async function newDesk() {
  desk = await service.linked();
  // The read that follows a connection.
  await vi.waitFor(() => expect(stanzas('get')).toHaveLength(1), { timeout: 60_000 });
  await timer();
  takePrivacyStanzas(service);
}

const stanzas = (type?: string) =>
  service.simulator.findStanzas({
    xmlns: 'disappearing_mode',
    phoneNumber: desk.phone.phoneNumber,
    ...(type && { type }),
  });
const readOf = async (instance: string) =>
  (await service.client.call(Privacy.getPrivacySettings, { instance })).settings;
const read = () => readOf(desk.instance);
const timer = async () => (await read())?.privacy?.defaultDisappearingTimer;
const update = (
  defaultDisappearingTimer: Timer,
  request: Partial<UpdatePrivacySettingsRequest> = {},
  deadlineMs = 10_000,
) =>
  service.client.call(
    Privacy.updatePrivacySettings,
    { instance: desk.instance, privacy: { defaultDisappearingTimer }, ...request },
    { deadlineMs },
  );
const inject = (type: 'get' | 'set', effect: Effect, times = 1) =>
  service.simulator.inject({ match: { on: 'iq', xmlns: 'disappearing_mode', type }, effect, times });
const statesOf = (outcomes: readonly { setting: PrivacySetting; state: State }[] = []) =>
  Object.fromEntries(outcomes.map(({ setting, state }) => [PrivacySetting[setting], State[state]]));

describe('reading default_disappearing_timer', () => {
  beforeEach(newDesk);

  test('costs no stanza while nothing changes', async () => {
    expect([await timer(), await timer()]).toEqual([Timer.OFF, Timer.OFF]);
    expect(stanzas()).toEqual([]);
  });

  test('shows what the phone changed, in the history too', async () => {
    desk.phone.setDisappearingMode(WEEK);
    await expect.poll(timer).toBe(Timer.SEVEN_DAYS);
    const history = async () =>
      (
        await service.client.call(Privacy.listPrivacyChanges, {
          instance: desk.instance,
          settings: [PrivacySetting.DEFAULT_DISAPPEARING_TIMER],
        })
      ).changes;
    await expect.poll(history).toMatchObject([
      {
        setting: PrivacySetting.DEFAULT_DISAPPEARING_TIMER,
        oldValue: '0',
        newValue: '604800',
        origin: Origin.OTHER_DEVICE,
      },
    ]);
  });

  test('late, after settings were told without it, completes what those who watch know', async () => {
    const watching = watch(service.client, { instances: [desk.instance] });
    await expect.poll(watching.heard).toEqual([`${desk.instance} snapshot`]);
    service.simulator.inject({
      match: { on: 'iq', xmlns: 'disappearing_mode', type: 'get', phoneNumber: desk.phone.phoneNumber },
      effect: { do: 'delay', ms: 4_000, moment: 'after_apply' },
    });
    desk.phone.setDisappearingMode(DAY);
    desk.phone.setPrivacy('last', 'none');
    const told = () =>
      watching.events.map(({ event }) =>
        event?.$case === 'change' ? event.value.settings?.privacy?.defaultDisappearingTimer : undefined,
      );
    await expect.poll(() => told().length).toBe(2);
    expect(told()[1]).not.toBe(Timer.ONE_DAY);
    await expect.poll(() => told().at(-1)).toBe(Timer.ONE_DAY);
    watching.leave();
  });

  test('gives a value without a name word for word', async () => {
    desk.phone.setDisappearingMode(3600);
    await expect
      .poll(async () => (await read())?.categories.at(-1))
      .toEqual({ category: 'disappearing_mode', value: '3600' });
    expect(await timer()).toBeUndefined();
  });

  test.each<[string, Effect, number]>([
    ['refuses', { do: 'refuse', code: 403, text: 'forbidden' }, 403],
    ['says nothing', { do: 'silence' }, 0],
  ])('that WhatsApp %s names it as unreadable, and the rest is good', async (_, effect, code) => {
    desk.phone.setDisappearingMode(DAY);
    inject('get', effect, Infinity);
    await expect
      .poll(async () => (await read())?.unreadableCategories)
      .toMatchObject([{ category: 'disappearing_mode', whatsappCode: code }]);
    expect((await read())?.visibility?.lastSeen).toBe(LastSeenVisibility.ALL);
  });

  test('of an account that has none does not report it, and does not set it', async () => {
    desk.phone.setDisappearingMode(DAY);
    inject('get', { do: 'refuse', code: 501 }, Infinity);
    await expect.poll(timer).toBeUndefined();
    const { descriptions } = await service.client.call(Privacy.describePrivacySettings, {
      instance: desk.instance,
    });
    expect(descriptions.at(-1)).toMatchObject({
      setting: PrivacySetting.DEFAULT_DISAPPEARING_TIMER,
      reported: false,
      notWritableReason: Why.NOT_REPORTED,
    });
    expect(await failureOf(update(Timer.OFF))).toMatchObject({ reason: 'SETTING_NOT_AVAILABLE' });
    expect(stanzas('set')).toEqual([]);
  });
});

describe('changing default_disappearing_timer', () => {
  beforeEach(newDesk);

  test.each([
    [Timer.ONE_DAY, DAY],
    [Timer.SEVEN_DAYS, WEEK],
    [Timer.NINETY_DAYS, 7_776_000],
    [Timer.OFF, 0],
  ])('to %i sets it at WhatsApp and reads it back', async (wish, seconds) => {
    if (wish === Timer.OFF) await update(Timer.ONE_DAY);
    const { outcomes, settings } = await update(wish);
    expect(statesOf(outcomes)).toEqual({ DEFAULT_DISAPPEARING_TIMER: 'APPLIED' });
    expect(settings?.privacy?.defaultDisappearingTimer).toBe(wish);
    expect(desk.phone.disappearingMode()).toBe(seconds);
    expect(await timer()).toBe(wish);
  });

  test('to what it is already sends nothing, but asks first', async () => {
    const { outcomes } = await update(Timer.OFF);
    expect(statesOf(outcomes)).toEqual({ DEFAULT_DISAPPEARING_TIMER: 'UNCHANGED' });
    expect(stanzas().map(({ node }) => node.attrs['type'])).toEqual(['get']);
  });

  test('shortening narrows and goes first, lengthening widens and goes last', async () => {
    desk.phone.setDisappearingMode(WEEK);
    await expect.poll(timer).toBe(Timer.SEVEN_DAYS);
    const sent = () =>
      service.simulator.sets(desk.phone.phoneNumber).map(({ category, value }) => `${category}=${value}`);
    await update(Timer.ONE_DAY, { visibility: { lastSeen: LastSeenVisibility.NONE } });
    await update(Timer.NINETY_DAYS, {
      visibility: { lastSeen: LastSeenVisibility.CONTACTS, profile: ProfileVisibility.NONE },
    });
    expect(sent().slice(1, 3).sort()).toEqual(['disappearing_mode=86400', 'last=none']);
    expect(sent()[3]).toBe('profile=none');
    expect(sent().slice(4).sort()).toEqual(['disappearing_mode=7776000', 'last=contacts']);
  });

  test('is not widened after a narrowing that failed', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'profile' },
      effect: { do: 'refuse_category', code: 403 },
    });
    desk.phone.setDisappearingMode(DAY);
    await expect.poll(timer).toBe(Timer.ONE_DAY);
    const failure = await failureOf(
      update(Timer.OFF, {
        visibility: { profile: ProfileVisibility.NONE },
        onFailure: OnFailure.CONTINUE,
      }),
    );
    expect(statesOf(failure.update?.outcomes)).toEqual({
      PROFILE: 'FAILED',
      DEFAULT_DISAPPEARING_TIMER: 'NOT_ATTEMPTED',
    });
    expect(desk.phone.disappearingMode()).toBe(DAY);
  });

  test('is taken back when something else fails', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'profile' },
      effect: { do: 'refuse_category', code: 403 },
    });
    const failure = await failureOf(
      update(Timer.ONE_DAY, {
        visibility: { profile: ProfileVisibility.NONE },
        onFailure: OnFailure.ROLL_BACK,
      }),
    );
    expect(statesOf(failure.update?.outcomes)).toEqual({
      PROFILE: 'FAILED',
      DEFAULT_DISAPPEARING_TIMER: 'ROLLED_BACK',
    });
    expect(desk.phone.disappearingMode()).toBe(0);
  });
});

describe('a change of default_disappearing_timer', () => {
  beforeAll(newDesk);
  beforeEach(async () => {
    desk.phone.setDisappearingMode(0);
    await expect.poll(timer).toBe(Timer.OFF);
  });

  test.each<[string, Effect, string]>([
    ['is refused', { do: 'refuse', code: 403, text: 'forbidden' }, 'WHATSAPP_REJECTED'],
    ['is confirmed and not made', { do: 'lie', lie: 'confirm' }, 'WHATSAPP_UNCLEAR'],
    ['gets a fault for an answer', { do: 'refuse', code: 500 }, 'WHATSAPP_UNCLEAR'],
  ])('that %s ends as FAILED', async (_, effect, reason) => {
    inject('set', effect);
    const failure = await failureOf(update(Timer.ONE_DAY, {}, 2_500));
    expect(failure.reason).toBe(reason);
    expect(failure.update?.outcomes).toMatchObject([
      { state: State.FAILED, previousValue: '0', requestedValue: '86400' },
    ]);
    expect(failure.update?.settings?.privacy?.defaultDisappearingTimer).toBe(Timer.OFF);
    expect(desk.phone.disappearingMode()).toBe(0);
  });

  test('that gets no answer ends as UNKNOWN: it may come yet', async () => {
    inject('set', { do: 'silence' });
    const failure = await failureOf(update(Timer.ONE_DAY, {}, 2_500));
    expect(failure.reason).toBe('PARTIAL_UPDATE');
    expect(failure.update?.outcomes).toMatchObject([{ state: State.UNKNOWN, requestedValue: '86400' }]);
    expect(desk.phone.disappearingMode()).toBe(0);
  });

  test.each<[string, Effect]>([
    ['gets a fault for an answer', { do: 'refuse', code: 503, applied: true }],
    ['gets no answer', { do: 'silence', moment: 'after_apply' }],
    ['loses the connection', { do: 'close', moment: 'after_apply' }],
  ])('that is made and %s is proved by reading', async (_, effect) => {
    inject('set', effect);
    const { outcomes } = await update(Timer.ONE_DAY, {}, 5_000);
    expect(statesOf(outcomes)).toEqual({ DEFAULT_DISAPPEARING_TIMER: 'APPLIED' });
    expect(desk.phone.disappearingMode()).toBe(DAY);
  });

  test('that WhatsApp accepts and nothing shows is UNKNOWN, never APPLIED', async () => {
    const injected = inject('get', { do: 'refuse', code: 503 }, Infinity);
    const failure = await failureOf(update(Timer.ONE_DAY, {}, 5_000));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(failure.update?.outcomes).toMatchObject([
      { state: State.UNKNOWN, reason: ErrorReason.WHATSAPP_UNCLEAR, previousValue: '' },
    ]);
    injected.remove();
  });

  test('that is answered late is not asked about while WhatsApp wants the account to wait', async () => {
    const own = await service.linked();
    const asked = () =>
      service.simulator.findStanzas({
        xmlns: 'disappearing_mode',
        phoneNumber: own.phone.phoneNumber,
        type: 'get',
      }).length;
    await vi.waitFor(() => expect(asked()).toBe(1), { timeout: 60_000 });
    own.phone.setPrivacy('groupadd', 'all');
    await expect
      .poll(async () => (await readOf(own.instance))?.permissions?.groupAdd)
      .toBe(GroupAddPermission.ALL);
    service.simulator.inject({ match: { on: 'privacy_set' }, effect: { do: 'refuse', code: 429 } });
    inject('set', { do: 'delay', ms: 1_500, moment: 'before_apply' });
    const request = {
      instance: own.instance,
      privacy: { defaultDisappearingTimer: Timer.ONE_DAY },
      permissions: { groupAdd: GroupAddPermission.CONTACTS },
    };
    const failure = await failureOf(
      service.client.call(Privacy.updatePrivacySettings, request, { deadlineMs: 1_200 }),
    );
    const states = failure.update?.outcomes.map(({ state }) => state);
    expect(states?.sort()).toEqual([State.FAILED, State.UNKNOWN].sort());
    const before = asked();
    await expect.poll(() => own.phone.disappearingMode(), { timeout: 10_000 }).toBe(DAY);
    await setTimeout(200); // It would be asked as the answer comes.
    expect(asked()).toBe(before);
  });

  test('that takes effect after the call shows in later reads, without a push', async () => {
    inject('set', { do: 'delay', ms: 1_500, moment: 'before_apply' });
    await failureOf(update(Timer.ONE_DAY, {}, 800));
    await expect.poll(timer).toBe(Timer.ONE_DAY);
  });
});
