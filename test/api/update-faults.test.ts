import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ErrorReason, SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  LastSeenVisibility,
  PrivacySetting,
  ProfileVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Effect } from '../../src/simulator/index.js';
import { failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';
import { watch } from '../support/watch.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  service.simulator.clearFaults();
  for (const category of ['last', 'profile', 'calladd']) desk.phone.setPrivacy(category, 'all');
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  takePrivacyStanzas(service);
});

/** How long an unanswered set may keep a test waiting; the service leaves room for the read-back within it. */
const PATIENCE_MS = 2_500;

const TWO: Partial<UpdatePrivacySettingsRequest> = {
  visibility: { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.CONTACTS },
};
const update = (request = TWO, deadlineMs = PATIENCE_MS) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, ...request }, { deadlineMs });
const fault = (effect: Effect, category = 'profile') =>
  service.simulator.inject({ match: { on: 'privacy_set', category }, effect });
const statesOf = (outcomes: readonly { setting: PrivacySetting; state: State }[] = []) =>
  Object.fromEntries(outcomes.map(({ setting, state }) => [PrivacySetting[setting], State[state]]));

describe('a setting that WhatsApp refuses', () => {
  test.each([
    ['inside a successful reply', { do: 'refuse_category', code: 403, text: 'forbidden' }],
    ['with an error stanza', { do: 'refuse', code: 403, text: 'forbidden' }],
  ] as const)('%s fails the update, which tells what was applied', async (_, effect) => {
    fault(effect);
    const failure = await failureOf(update());
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(failure.message).toBe(
      'failed to update profile privacy: WhatsApp refused the change (403 forbidden)',
    );
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'FAILED' });
    expect(failure.update?.outcomes[1]).toMatchObject({
      reason: ErrorReason.WHATSAPP_REJECTED,
      whatsappCode: 403,
      previousValue: 'all',
      requestedValue: 'contacts',
    });
    expect(failure.update?.settings?.visibility).toMatchObject({
      lastSeen: LastSeenVisibility.NONE,
      profile: ProfileVisibility.ALL,
    });
    expect(failure.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
  });

  test('alone gives the status of its reason', async () => {
    fault({ do: 'refuse_category', code: 403, text: 'forbidden' });
    const failure = await failureOf(update({ visibility: { profile: ProfileVisibility.NONE } }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toEqual({
      instance: desk.instance,
      setting: 'PROFILE',
      whatsapp_code: '403',
      whatsapp_text: 'forbidden',
    });
  });

  test('because of its rate limit says when to come back, and until then sends nothing', async () => {
    const other = desk;
    desk = await service.linked();
    fault({ do: 'refuse', code: 429, text: 'rate-overlimit' });
    const failure = await failureOf(update({ visibility: { profile: ProfileVisibility.NONE } }));
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'WHATSAPP_RATE_LIMITED' });
    expect(failure.details['google.rpc.RetryInfo']?.retryDelay?.seconds).toBeGreaterThanOrEqual(59n);
    takePrivacyStanzas(service);
    expect((await failureOf(update())).reason).toBe('WHATSAPP_RATE_LIMITED');
    expect(takePrivacyStanzas(service)).toEqual([]);
    // The others are not held up.
    desk = other;
    expect(statesOf((await update()).outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'APPLIED' });
  });
});

describe('a setting whose reply never comes', () => {
  test('is applied when the read-back shows it, and was sent once', async () => {
    fault({ do: 'silence', moment: 'after_apply' });
    const { outcomes } = await update();
    expect(statesOf(outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'APPLIED' });
    expect(takePrivacyStanzas(service).filter(stanza => stanza === 'set profile=contacts')).toHaveLength(1);
  });

  test('is unknown when the read-back shows the old value: it may come yet', async () => {
    fault({ do: 'silence', moment: 'before_apply' });
    const failure = await failureOf(update());
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'UNKNOWN' });
    expect(failure.update?.outcomes[1]).toMatchObject({
      reason: ErrorReason.WHATSAPP_TIMEOUT,
      message: expect.stringContaining('a read did not show it, but it may still take effect'),
    });
  });

  test('is unknown, within the deadline, when the read-back is not answered either', async () => {
    // An account of its own: after an unanswered change the next update needs a read first.
    desk = await service.linked();
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    fault({ do: 'silence', moment: 'after_apply' });
    service.simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'silence' }, times: Infinity });
    const failure = await failureOf(update());
    expect(failure).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_TOO_SHORT' });
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'UNKNOWN' });
    expect(failure.update?.settings).toBeUndefined();
  });

  test('keeps the widening ones back when it narrows', async () => {
    desk.phone.setPrivacy('calladd', 'known');
    fault({ do: 'silence', moment: 'before_apply' });
    await failureOf(update({ ...TWO, permissions: { callAdd: CallAddPermission.ALL } }));
    expect(takePrivacyStanzas(service)).not.toContain('set calladd=all');
    expect(desk.phone.settings()['calladd']).toBe('known');
  });
});

describe('a reply that proves nothing', () => {
  const LIES = [
    'wrong_name',
    'other_value',
    'unknown_value',
    'two_categories',
    'empty',
    'no_privacy',
    'text',
  ] as const;

  test.each(LIES)('(%s) counts as applied only because the read-back shows it', async lie => {
    fault({ do: 'lie', lie, applied: true });
    expect(statesOf((await update()).outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'APPLIED' });
  });

  test.each(LIES)('(%s) is no success when nothing was applied', async lie => {
    fault({ do: 'lie', lie, applied: false });
    const failure = await failureOf(update());
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'FAILED' });
    expect(desk.phone.settings()['profile']).toBe('all');
  });

  test('(an error without a child) is no success', async () => {
    fault({ do: 'refuse' });
    const failure = await failureOf(update());
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'FAILED' });
  });

  test('(a confirmation of what was not done) is found out by the read-back', async () => {
    fault({ do: 'lie', lie: 'confirm', applied: false });
    const failure = await failureOf(update());
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'FAILED' });
    expect(failure.message).toContain('WhatsApp confirmed the change, but reports "all"');
  });
});

describe('a fault that WhatsApp reports of itself', () => {
  test.each([
    ['applied', true, 'APPLIED'],
    ['not applied', false, 'FAILED'],
  ] as const)('is read back: %s', async (_, applied, expected) => {
    fault({ do: 'refuse_category', code: 500, text: 'internal-server-error', applied });
    const result = await update().catch(error => error.update);
    expect(statesOf(result.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: expected });
  });
});

describe('a connection that ends in the middle of an update', () => {
  test.each([
    ['closed', { do: 'close', moment: 'before_apply' }, 2],
    ['closed after the change', { do: 'close', moment: 'after_apply' }, 1],
    ['reset', { do: 'reset', moment: 'before_apply' }, 2],
    ['ended by a stream error', { do: 'stream_error', code: 503, moment: 'after_apply' }, 1],
    ['ended for a restart', { do: 'stream_error', code: 515, moment: 'before_apply' }, 2],
    ['broken by a frame that cannot be read', { do: 'undecryptable', moment: 'after_apply' }, 1],
  ] as const)('(%s) is no end of it: what is missing goes over the next', async (_, effect, sent) => {
    fault(effect);
    const { outcomes } = await update(TWO, 15_000);
    expect(statesOf(outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'APPLIED' });
    expect(desk.phone.settings()).toMatchObject({ last: 'none', profile: 'contacts' });
    const ofProfile = takePrivacyStanzas(service).filter(stanza => stanza === 'set profile=contacts');
    expect(ofProfile).toHaveLength(sent);
  });

  test('keeps the order: what widens is sent when all that narrows holds', async () => {
    desk.phone.setPrivacy('calladd', 'known');
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    takePrivacyStanzas(service);
    fault({ do: 'close', moment: 'before_apply' });
    await update({ ...TWO, permissions: { callAdd: CallAddPermission.ALL } }, 15_000);
    const sets = takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'));
    expect(sets.slice(-2)).toEqual(['set profile=contacts', 'set calladd=all']);
  });

  test('again and again leaves it undone at last, and nothing more is sent', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'profile' },
      effect: { do: 'close', moment: 'before_apply' },
      times: Infinity,
    });
    const failure = await failureOf(update(TWO, 30_000));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'FAILED' });
    const ofProfile = takePrivacyStanzas(service).filter(stanza => stanza === 'set profile=contacts');
    expect(ofProfile).toHaveLength(3);
  });

  test('before anything was sent is UNAVAILABLE and leaves the account as it was', async () => {
    service.simulator.inject({
      match: { on: 'upgrade' },
      effect: { do: 'http', status: 503 },
      times: Infinity,
    });
    desk.phone.dropConnections('close');
    const failure = await failureOf(update(TWO, 1_500));
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'INSTANCE_NOT_CONNECTED' });
    expect(failure.message).toBe('Instance is not connected to WhatsApp');
    expect(statesOf(failure.update?.outcomes)).toEqual({
      LAST_SEEN: 'NOT_ATTEMPTED',
      PROFILE: 'NOT_ATTEMPTED',
    });
    expect(failure.details['google.rpc.RetryInfo']).toBeDefined();
    service.simulator.clearFaults();
    desk = await service.linked();
  });
});

describe('a phone that changes the same setting meanwhile', () => {
  test('just before is overruled', async () => {
    fault({ do: 'phone', settings: { profile: 'none' }, moment: 'before_apply' });
    expect(statesOf((await update()).outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: 'APPLIED' });
    expect(desk.phone.settings()['profile']).toBe('contacts');
  });

  test.each([
    ['to something else is no success', 'none', 'UNKNOWN', ProfileVisibility.NONE],
    ['back is a failure', 'all', 'FAILED', ProfileVisibility.ALL],
  ] as const)('just after, %s, and told as it is now', async (_, profile, state, now) => {
    fault({ do: 'phone', settings: { profile }, moment: 'after_apply' });
    const failure = await failureOf(update());
    expect(statesOf(failure.update?.outcomes)).toEqual({ LAST_SEEN: 'APPLIED', PROFILE: state });
    expect(failure.update?.settings?.visibility?.profile).toBe(now);
  });

  test('shows to those who watch, with our own change', async () => {
    const watching = watch(service.client, { instances: [desk.instance] });
    await expect.poll(() => watching.events.length).toBe(1);
    fault({ do: 'phone', settings: { profile: 'none' }, moment: 'after_apply' });
    await failureOf(update());
    // One read shows both, and so one event tells of two devices.
    await expect.poll(watching.heard).toContain(`${desk.instance} UNSPECIFIED LAST_SEEN PROFILE`);
    watching.leave();
  });
});

describe('a caller that leaves', () => {
  test('does not stop a change that was sent', async () => {
    fault({ do: 'delay', ms: 300, moment: 'before_apply' });
    const gone = new AbortController();
    const call = failureOf(
      service.client.call(
        Privacy.updatePrivacySettings,
        { instance: desk.instance, ...TWO },
        { signal: gone.signal },
      ),
    );
    await expect.poll(() => service.simulator.findStanzas({ category: 'profile' }).length).toBe(1);
    gone.abort();
    expect((await call).code).toBe(status.CANCELLED);
    await expect.poll(() => desk.phone.settings()['profile']).toBe('contacts');
    expect(statesOf((await update()).outcomes)).toEqual({ LAST_SEEN: 'UNCHANGED', PROFILE: 'UNCHANGED' });
  });
});
