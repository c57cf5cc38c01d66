import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  OnFailure,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Effect, Fault } from '../../src/simulator/index.js';
import { failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';
import { categoryOf, type Values, valuesOf } from './support/settings.js';
import { type Answer, update } from './support/updates.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  service.simulator.clearFaults();
  desk = await service.linked();
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
});

const change = (wishes: Values, { deadlineMs = 2_000, onFailure = OnFailure.STOP } = {}) =>
  update(service.client, { instance: desk.instance, wishes, onFailure, requestId: '' }, { deadlineMs });
/** Instances of other tests may be connecting. */
const ofDesk = () => ({ phoneNumber: desk.phone.phoneNumber });
const onSet = (category: string, effect: Effect, more: Partial<Fault> = {}) =>
  service.simulator.inject({ match: { on: 'privacy_set', category, ...ofDesk() }, effect, ...more });
const onGet = (effect: Effect, more: Partial<Fault> = {}) =>
  service.simulator.inject({ match: { on: 'privacy_get', ...ofDesk() }, effect, ...more });
const statesOf = ({ outcomes }: Answer) =>
  Object.fromEntries(outcomes?.map(({ setting, state }) => [categoryOf(setting) ?? '', State[state]]) ?? []);
const SILENT = { times: Number.POSITIVE_INFINITY };

describe('the read right behind the changes', () => {
  test('proves what it shows, also when no other read may follow', async () => {
    onSet('last', { do: 'lie', lie: 'text', applied: true });
    onSet('status', { do: 'refuse', code: 429 });
    expect(statesOf(await change({ last: 'none', status: 'none' }))).toEqual({
      last: 'APPLIED',
      status: 'FAILED',
    });
  });

  test('that is answered with a rate limit is the last', async () => {
    onGet({ do: 'refuse', code: 429 });
    const gets = () => service.simulator.findStanzas({ xmlns: 'privacy', type: 'get', ...ofDesk() }).length;
    const before = gets();
    expect(statesOf(await change({ last: 'none' }))).toEqual({ last: 'APPLIED' });
    const read = service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    expect((await failureOf(read)).reason).toBe('WHATSAPP_RATE_LIMITED');
    expect(gets()).toBe(before + 1);
  });

  test('that is answered with a rate limit is the last at once, while a change is waited for', async () => {
    onGet({ do: 'refuse', code: 429 });
    onSet('last', { do: 'silence' });
    const gets = () => service.simulator.findStanzas({ xmlns: 'privacy', type: 'get', ...ofDesk() }).length;
    const before = gets();
    const answer = change({ last: 'none' }, { deadlineMs: 5_000 });
    await expect.poll(gets, { interval: 5 }).toBe(before + 1);
    desk.phone.setPrivacy('status', 'none'); // Read a second after its push.
    expect(statesOf(await answer)).toEqual({ last: 'UNKNOWN' });
    expect(gets()).toBe(before + 1);
  });

  test('that is not answered leaves time for another', async () => {
    onSet('last', { do: 'silence', moment: 'after_apply' });
    onGet({ do: 'silence' });
    expect(statesOf(await change({ last: 'none' }))).toEqual({ last: 'APPLIED' });
  });

  test('that denies a confirmed change makes it unknown when no later read is answered', async () => {
    onSet('last', { do: 'lie', lie: 'confirm', applied: false });
    onGet({ do: 'silence' }, { after: 1, ...SILENT });
    const answer = await change({ last: 'none' });
    expect(statesOf(answer)).toEqual({ last: 'UNKNOWN' });
    expect(answer.settings).toBeUndefined();
  });

  test('that cannot be made leaves unknown what was not sent because it had its value', async () => {
    onSet('last', { do: 'close', moment: 'after_reply' });
    service.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status: 503 }, ...SILENT });
    const answer = await change({ last: 'none', status: 'all' });
    expect(statesOf(answer)).toEqual({ last: 'APPLIED', status: 'UNKNOWN' });
    expect(answer.settings).toBeUndefined();
  });

  test('that came too early is not what the next update starts from', async () => {
    onSet('last', { do: 'delay', ms: 200 });
    onGet({ do: 'silence' }, { after: 1, ...SILENT });
    await change({ last: 'none' });
    service.simulator.clearFaults();
    expect(statesOf(await change({ last: 'all' }))).toEqual({ last: 'APPLIED' });
    expect(desk.phone.settings()['last']).toBe('all');
  });
});

test('a change whose connection ends is read back over two more connections, if the first of them ends too, and the rest goes over the last', async () => {
  desk.phone.setPrivacy('readreceipts', 'none');
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  const login = service.simulator.inject({
    match: { on: 'login', ...ofDesk() },
    effect: { do: 'delay', ms: 300 },
  });
  onSet('last', { do: 'close', moment: 'after_apply' });
  const answer = change({ last: 'none', readreceipts: 'all' }, { deadlineMs: 20_000 });
  await expect.poll(() => login.hits(), { interval: 5 }).toBe(1);
  onGet({ do: 'close', moment: 'before_apply' });
  expect(statesOf(await answer)).toEqual({ last: 'APPLIED', readreceipts: 'APPLIED' });
  expect((await answer).settings).toBeDefined();
});

test('a read from before a confirmation is not what the next update starts from when no read followed it', async () => {
  onGet({ do: 'refuse', code: 500 });
  onGet({ do: 'refuse', code: 500 }, { after: 2, ...SILENT });
  onSet('last', { do: 'delay', ms: 700 });
  const answer = change({ last: 'none' });
  const isSent = () => service.simulator.findStanzas({ category: 'last', ...ofDesk() }).length > 0;
  await expect.poll(isSent, { interval: 5 }).toBe(true);
  const early = await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  expect(early.settings && valuesOf(early.settings).last).toBe('all');
  // For all that anybody has read.
  expect(statesOf(await answer)).toEqual({ last: 'UNKNOWN' });
  expect((await answer).settings).toBeUndefined();

  service.simulator.clearFaults();
  expect(statesOf(await change({ last: 'all' }))).toEqual({ last: 'APPLIED' });
  expect(desk.phone.settings()['last']).toBe('all');
});

describe('a change that takes effect after its update has ended', () => {
  beforeEach(async () => {
    onSet('last', { do: 'delay', ms: 1_200 });
    expect(statesOf(await change({ last: 'none' }, { deadlineMs: 1_000 }))).toEqual({ last: 'UNKNOWN' });
    await expect.poll(() => desk.phone.settings()['last']).toBe('none');
  });

  test('is seen by the next update, which starts with a read of its own', async () => {
    expect(statesOf(await change({ last: 'all' }))).toEqual({ last: 'APPLIED' });
    expect(desk.phone.settings()['last']).toBe('all');
  });

  test('is seen by a read, however old its answer may be', async () => {
    const { settings } = await service.client.call(Privacy.getPrivacySettings, {
      instance: desk.instance,
      maxAge: { seconds: 60n, nanos: 0 } as never,
    });
    expect(settings && valuesOf(settings).last).toBe('none');
  });
});

test('a timer that changes after its update has ended is seen by the next read', async () => {
  service.simulator.inject({
    match: { on: 'iq', xmlns: 'disappearing_mode', type: 'set', ...ofDesk() },
    effect: { do: 'delay', ms: 1_200 },
  });
  const answer = await change({ disappearing_mode: '86400' }, { deadlineMs: 1_000 });
  expect(statesOf(answer)).toEqual({ disappearing_mode: 'UNKNOWN' });
  await expect.poll(() => desk.phone.disappearingMode()).toBe(86_400);
  const { settings } = await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  expect(settings && valuesOf(settings).disappearing_mode).toBe('86400');
});

describe('a rollback', () => {
  test('answers without settings when they could not be read after it', async () => {
    onSet('status', { do: 'refuse', code: 403 });
    onSet('last', { do: 'close', moment: 'after_apply' }, { after: 1 });
    service.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status: 503 }, ...SILENT });
    const answer = await change({ last: 'none', status: 'none' }, { onFailure: OnFailure.ROLL_BACK });
    expect(statesOf(answer)).toEqual({ last: 'UNKNOWN', status: 'FAILED' });
    expect(answer.settings).toBeUndefined();
  });

  test('finds out what another device does to an unchanged setting meanwhile', async () => {
    onSet('status', { do: 'refuse', code: 403 });
    onSet('last', { do: 'phone', settings: { profile: 'none' }, moment: 'before_apply' }, { after: 1 });
    const wishes = { last: 'none', status: 'none', profile: 'all' } as const;
    const answer = await change(wishes, { onFailure: OnFailure.ROLL_BACK });
    expect(statesOf(answer)).toEqual({ last: 'ROLLED_BACK', status: 'FAILED', profile: 'UNKNOWN' });
  });

  test('sets back what it can when one setting cannot be set back', async () => {
    onSet('profile', { do: 'refuse', code: 403 });
    // The last one applied is the first to be set back.
    onSet('status', { do: 'refuse', code: 403 }, { after: 1 });
    const wishes = { last: 'none', status: 'none', profile: 'none' } as const;
    const answer = await change(wishes, { onFailure: OnFailure.ROLL_BACK });
    expect(statesOf(answer)).toEqual({ last: 'ROLLED_BACK', status: 'APPLIED', profile: 'FAILED' });
    expect(desk.phone.settings()).toMatchObject({ last: 'all', status: 'none', profile: 'all' });
  });

  test('settles with its read what was unknown before it', async () => {
    onSet('status', { do: 'silence', moment: 'after_apply' });
    onGet({ do: 'refuse', code: 500 }, { times: 3 });
    const answer = await change({ last: 'none', status: 'none' }, { onFailure: OnFailure.ROLL_BACK });
    expect(statesOf(answer)).toEqual({ last: 'ROLLED_BACK', status: 'APPLIED' });
    expect(desk.phone.settings()).toMatchObject({ last: 'all', status: 'none' });
  });
});
