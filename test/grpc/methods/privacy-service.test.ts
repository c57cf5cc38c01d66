import { describe, expect, test } from 'vitest';
import { SettingOutcome_State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  DefaultDisappearingTimer,
  DefenseMode,
  LastSeenVisibility,
  OnlineVisibility,
  PrivacySetting,
  ProfileVisibility,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { PrivacyError, type Problem } from '../../../src/domain/errors.js';
import type { Outcome, UpdateReport } from '../../../src/domain/outcome.js';
import { etagOf } from '../../../src/domain/settings/snapshot.js';
import type { UpdateOrder } from '../../../src/instances/ports/orders.js';
import { startApi } from '../support/api.js';
import { MADE_AT, snapshot } from '../support/instances.js';
import { invoke } from '../support/invoke.js';

const { getPrivacySettings, updatePrivacySettings } = PrivacyServiceService;
const instance = 'support-desk';
const UPDATE_FAILURE = 'whatsapp.privacy.v1.PrivacyUpdateFailure';

async function startWithInstance() {
  const api = await startApi();
  await api.addInstance(instance);
  return api;
}

describe('GetPrivacySettings', () => {
  test('answers with everything WhatsApp reported, and nothing more', async () => {
    const ended = await invoke(await startWithInstance(), getPrivacySettings, { instance });
    expect(ended.responses).toEqual([
      {
        settings: {
          visibility: {
            lastSeen: LastSeenVisibility.ALL,
            profile: ProfileVisibility.CONTACTS,
            online: OnlineVisibility.ALL,
          },
          privacy: { defense: DefenseMode.OFF },
          permissions: {},
          categories: [...snapshot.categories],
          unreadableCategories: [
            { category: 'messages', whatsappCode: 500, whatsappText: 'internal-server-error' },
          ],
          observeTime: MADE_AT,
          etag: etagOf(snapshot),
        },
      },
    ]);
  });

  test.each([
    ['asks WhatsApp without max_age', {}, undefined],
    [
      'takes no snapshot but one of this moment with a max_age of zero',
      { maxAge: { seconds: 0n, nanos: 0 } },
      0,
    ],
    ['takes a snapshot as old as max_age', { maxAge: { seconds: 61n, nanos: 500_000_000 } }, 61_500],
  ])('%s', async (_, request, expected) => {
    const api = await startWithInstance();
    const asked: (number | undefined)[] = [];
    api.instances.readSettings = async (_name, maxAgeMs) => {
      asked.push(maxAgeMs);
      return snapshot;
    };
    await invoke(api, getPrivacySettings, { instance, ...request });
    expect(asked).toEqual([expected]);
  });

  test('of an unknown instance answers INSTANCE_NOT_FOUND', async () => {
    const ended = await invoke(await startApi(), getPrivacySettings, { instance });
    expect(ended.code).toBe('NOT_FOUND');
    expect(ended.detail('google.rpc.ResourceInfo')?.resourceName).toBe(instance);
  });
});

describe('UpdatePrivacySettings', () => {
  test('hands on what is asked, in the words of WhatsApp', async () => {
    const api = await startWithInstance();
    const orders: UpdateOrder[] = [];
    const updateSettings = api.instances.updateSettings.bind(api.instances);
    api.instances.updateSettings = (name, order, limits) => {
      orders.push(order);
      return updateSettings(name, order, limits);
    };
    const requestId = '7D0C2A0E-52a1-4b0c-9a3e-3f0f3f3c9d11';
    const ended = await invoke(api, updatePrivacySettings, {
      instance,
      visibility: {
        lastSeen: LastSeenVisibility.CONTACT_BLACKLIST,
        online: OnlineVisibility.MATCH_LAST_SEEN,
      },
      privacy: { defaultDisappearingTimer: DefaultDisappearingTimer.NINETY_DAYS },
      onFailure: 3,
      validateOnly: true,
      etag: 'abc',
      requestId,
    });
    expect(orders).toEqual([
      {
        wishes: {
          last_seen: 'contact_blacklist',
          online: 'match_last_seen',
          default_disappearing_timer: '7776000',
        },
        onFailure: 'ROLL_BACK',
        validateOnly: true,
        etag: 'abc',
        requestId,
        actor: { tokenId: api.tokenId, tokenDisplayName: 'all' },
      },
    ]);
    expect(ended.responses[0]?.outcomes.map(({ setting, state }) => [setting, state])).toEqual([
      [PrivacySetting.LAST_SEEN, SettingOutcome_State.APPLIED],
      [PrivacySetting.ONLINE, SettingOutcome_State.APPLIED],
      [PrivacySetting.DEFAULT_DISAPPEARING_TIMER, SettingOutcome_State.APPLIED],
    ]);
  });

  test('stops at a failure, checks no etag and has no id unless asked', async () => {
    const api = await startWithInstance();
    const orders: UpdateOrder[] = [];
    api.instances.updateSettings = async (name, order) => {
      orders.push(order);
      return { instance: name, outcomes: [], settings: undefined, sent: false };
    };
    const ended = await invoke(api, updatePrivacySettings, { instance, visibility: { lastSeen: 4 } });
    expect(orders).toMatchObject([
      { onFailure: 'STOP', validateOnly: false, etag: undefined, requestId: '' },
    ]);
    expect(ended.responses).toEqual([{ settings: undefined, outcomes: [] }]);
  });
});

const outcome = (
  setting: Outcome['setting'],
  state: Outcome['state'],
  cause?: Outcome['cause'],
): Outcome => ({
  setting,
  state,
  previous: 'all',
  requested: 'contacts',
  ...(cause && { cause }),
});
const refused = {
  reason: 'WHATSAPP_REJECTED',
  message: 'WhatsApp refused (403)',
  whatsappCode: 403,
} as const;

/** Lets an update fail with this problem and these outcomes. */
async function failedUpdate(problem: Problem, outcomes: Outcome[], sent = true) {
  const api = await startWithInstance();
  const update: UpdateReport = { instance, outcomes, settings: snapshot, sent };
  api.instances.updateSettings = () => Promise.reject(new PrivacyError(problem, { update }));
  return invoke(api, updatePrivacySettings, { instance, visibility: { lastSeen: 4 } });
}

describe('an update that failed', () => {
  const partial = { kind: 'PARTIAL_UPDATE', instance, setting: 'group_add' } as const;

  test('tells what became of each setting, in the order of PrivacySetting, and the settings read back', async () => {
    const ended = await failedUpdate(partial, [
      outcome('group_add', 'FAILED', refused),
      outcome('profile', 'ROLLED_BACK'),
      outcome('last_seen', 'UNCHANGED'),
    ]);
    expect(ended.code).toBe('ABORTED');
    expect(ended.detailTypes.at(-1)).toBe(UPDATE_FAILURE);
    expect(ended.detail(UPDATE_FAILURE)).toMatchObject({
      instance,
      outcomes: [
        { setting: PrivacySetting.LAST_SEEN, state: SettingOutcome_State.UNCHANGED, reason: 0, message: '' },
        { setting: PrivacySetting.PROFILE, state: SettingOutcome_State.ROLLED_BACK },
        {
          setting: PrivacySetting.GROUP_ADD,
          state: SettingOutcome_State.FAILED,
          reason: 25,
          message: 'WhatsApp refused (403)',
          whatsappCode: 403,
          previousValue: 'all',
          requestedValue: 'contacts',
        },
      ],
      settings: { etag: etagOf(snapshot) },
    });
  });

  test.each([
    ['FAILED', [outcome('last_seen', 'APPLIED'), outcome('group_add', 'FAILED', refused)]],
    ['UNKNOWN', [outcome('group_add', 'UNKNOWN', refused), outcome('last_seen', 'FAILED', refused)]],
    ['NOT_ATTEMPTED', [outcome('online', 'UNCHANGED'), outcome('group_add', 'NOT_ATTEMPTED', refused)]],
  ] as const)('names the first setting sent that is %s, in the words of the origin', async (_, outcomes) => {
    const ended = await failedUpdate(partial, [...outcomes]);
    expect(ended.message).toBe('failed to update groupAdd privacy: WhatsApp refused (403)');
  });

  test('is not to be retried by itself once something was sent', async () => {
    const problem = { kind: 'WHATSAPP_TIMEOUT', instance, setting: 'last_seen' } as const;
    const outcomes = [outcome('last_seen', 'FAILED', refused)];
    const sent = await failedUpdate(problem, outcomes, true);
    expect(sent.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
    expect(sent.detailTypes.slice(2)).toEqual(['google.rpc.RetryInfo', UPDATE_FAILURE]);
    const unsent = await failedUpdate(problem, outcomes, false);
    expect(unsent.metadata.get('grpc-retry-pushback-ms')).toEqual(['1000']);
  });

  test('names each setting that WhatsApp refused as a precondition', async () => {
    const problem = { kind: 'WHATSAPP_REJECTED', instance, setting: 'last_seen', whatsappCode: 403 } as const;
    const ended = await failedUpdate(problem, [
      outcome('last_seen', 'FAILED', refused),
      outcome('call_add', 'FAILED', refused),
      outcome('profile', 'ROLLED_BACK'),
    ]);
    const violations = ended.detail('google.rpc.PreconditionFailure')?.violations ?? [];
    expect(violations.map(({ subject }) => subject)).toEqual([
      'visibility.last_seen',
      'permissions.call_add',
    ]);
    expect(ended.detailTypes.slice(2)).toEqual(['google.rpc.PreconditionFailure', UPDATE_FAILURE]);
  });

  test('keeps the words for an instance that cannot be used', async () => {
    const problem = { kind: 'INSTANCE_LOGGED_OUT', instance } as const;
    const cause = { reason: 'INSTANCE_LOGGED_OUT', message: 'logged out' } as const;
    const ended = await failedUpdate(problem, [outcome('last_seen', 'NOT_ATTEMPTED', cause)], false);
    expect(ended.message).toBe('Instance is not connected to WhatsApp');
    expect(ended.detailTypes).toContain(UPDATE_FAILURE);
  });
});

describe('an update that failed before its first step', () => {
  test('tells the reason in words, and not its name alone', async () => {
    const problem = { kind: 'DEADLINE_TOO_SHORT', instance } as const;
    const cause = { reason: problem.kind, message: problem.kind };
    const ended = await failedUpdate(problem, [outcome('last_seen', 'NOT_ATTEMPTED', cause)], false);
    const words = 'The deadline left no time to finish; call again with a longer one';
    expect(ended.message).toBe(`failed to update lastSeen privacy: ${words}`);
    expect(ended.detail(UPDATE_FAILURE)?.outcomes[0]?.message).toBe(words);
  });
});

describe('an update with a request_id', () => {
  const requestId = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';
  const request = { instance, visibility: { lastSeen: 4 }, requestId };

  /** Counts the updates that reach the instances. */
  async function counting(report: Partial<UpdateReport> = {}, problem?: Problem) {
    const api = await startWithInstance();
    const updateSettings = api.instances.updateSettings.bind(api.instances);
    const seen = { updates: 0 };
    api.instances.updateSettings = async (name, order, limits) => {
      seen.updates++;
      const update = { ...(await updateSettings(name, order, limits)), ...report };
      if (problem) throw new PrivacyError(problem, { update });
      return update;
    };
    return { api, seen };
  }

  test('is made once, and answered the same again, whoever asks', async () => {
    const { api, seen } = await counting();
    const first = await invoke(api, updatePrivacySettings, request);
    const { secret } = await api.tokens.mint({
      kind: 'INSTANCE',
      instance,
      access: 'READ_WRITE',
      displayName: '',
    });
    const inCapitals = { ...request, requestId: requestId.toUpperCase() };
    const again = await invoke(api, updatePrivacySettings, inCapitals, { secret });
    expect(again.responses).toEqual(first.responses);
    expect(seen.updates).toBe(1);
  });

  test('is made once when it arrives twice at the same time', async () => {
    const { api, seen } = await counting();
    const both = await Promise.all([1, 2].map(() => invoke(api, updatePrivacySettings, request)));
    expect(both.map(({ code }) => code)).toEqual(['OK', 'OK']);
    expect(seen.updates).toBe(1);
  });

  test('is refused with another content', async () => {
    const { api } = await counting();
    await invoke(api, updatePrivacySettings, request);
    const other = await invoke(api, updatePrivacySettings, { ...request, visibility: { lastSeen: 1 } });
    expect(other.code).toBe('ALREADY_EXISTS');
    expect(other.detail('google.rpc.ErrorInfo')).toMatchObject({
      reason: 'REQUEST_ID_REUSED',
      metadata: { request_id: requestId },
    });
  });

  test('is another one for another instance', async () => {
    const { api, seen } = await counting();
    await api.addInstance('other');
    await invoke(api, updatePrivacySettings, request);
    const other = await invoke(api, updatePrivacySettings, { ...request, instance: 'other' });
    expect(other.code).toBe('OK');
    expect(seen.updates).toBe(2);
  });

  test('is answered with the same failure again, under the name of the new call', async () => {
    const { api, seen } = await counting({}, { kind: 'PARTIAL_UPDATE', instance, setting: 'last_seen' });
    const first = await invoke(api, updatePrivacySettings, request, { metadata: { 'x-request-id': 'one' } });
    const again = await invoke(api, updatePrivacySettings, request, { metadata: { 'x-request-id': 'two' } });
    expect(seen.updates).toBe(1);
    expect(first.detail('google.rpc.RequestInfo')?.requestId).toBe('one');
    expect(again.detail('google.rpc.RequestInfo')?.requestId).toBe('two');
    expect(again.detailTypes).toEqual(first.detailTypes);
    expect(again.detail(UPDATE_FAILURE)).toEqual(first.detail(UPDATE_FAILURE));
    expect([again.code, again.message]).toEqual([first.code, first.message]);
    expect(again.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
  });

  test('has no pushback for a failure that no client retries', async () => {
    const problem = { kind: 'WHATSAPP_REJECTED', instance, setting: 'last_seen' } as const;
    const { api } = await counting({}, problem);
    const answers = [
      await invoke(api, updatePrivacySettings, request),
      await invoke(api, updatePrivacySettings, request),
    ];
    expect(answers.map(({ code }) => code)).toEqual(['FAILED_PRECONDITION', 'FAILED_PRECONDITION']);
    expect(answers.map(({ metadata }) => metadata.get('grpc-retry-pushback-ms'))).toEqual([[], []]);
  });

  test.each([
    ['that changed nothing', undefined],
    ['that failed before anything was sent', { kind: 'WHATSAPP_TIMEOUT', instance } as const],
  ])('%s is made anew', async (_, problem) => {
    const { api, seen } = await counting({ sent: false }, problem);
    await invoke(api, updatePrivacySettings, request);
    await invoke(api, updatePrivacySettings, request);
    expect(seen.updates).toBe(2);
  });

  test('of an instance that is gone answers INSTANCE_NOT_FOUND', async () => {
    const { api } = await counting();
    await invoke(api, updatePrivacySettings, request);
    await api.instances.delete(instance, undefined, { deadline: 0, signal: AbortSignal.abort() });
    expect((await invoke(api, updatePrivacySettings, request)).code).toBe('NOT_FOUND');
  });
});
