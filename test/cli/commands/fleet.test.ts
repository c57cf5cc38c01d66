import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ErrorInfo, RetryInfo } from '../../../gen/ts/google/rpc/error_details.js';
import type { Status } from '../../../gen/ts/google/rpc/status.js';
import {
  ErrorReason,
  PrivacyApplyFailure,
  SettingOutcome,
  SettingOutcome_State,
} from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { Instance } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  ApplyPrivacySettingsResponse,
  GetApplyResultResponse,
  GetApplyResultResponse_State,
  OnFailure,
  Origin,
  PrivacyChange,
  type WatchPrivacySettingsResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  GroupAddPermission,
  LastSeenVisibility,
  OnlineVisibility,
  PrivacySetting,
  PrivacySettings,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { run } from '../support/run.js';
import { type Answers, detail, failure, startService } from '../support/service.js';

async function serviceWith(answers: Answers) {
  const { address, calls, stop } = await startService(answers);
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  const cli = (...args: string[]) => run(['privacy', ...args], { env });
  return { calls, env, cli };
}

const settings = PrivacySettings.fromPartial({
  visibility: { lastSeen: LastSeenVisibility.NONE, online: OnlineVisibility.ALL },
  categories: [
    { category: 'last', value: 'none' },
    { category: 'calladd', value: 'contacts' },
  ],
});
const REQUEST_ID = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';
const info = (reason: string) =>
  detail('google.rpc.ErrorInfo', ErrorInfo, { reason, domain: 'wa-privacy', metadata: {} });
const errorOf = (code: status, reason: string, message: string): Status => {
  const { typeUrl, value } = info(reason);
  return { code, message, details: [{ typeUrl, value: Buffer.from(value) }] };
};
const loggedOut = errorOf(status.FAILED_PRECONDITION, 'INSTANCE_LOGGED_OUT', 'Instance is not connected');

describe('privacy list', () => {
  const answers: Answers = {
    listPrivacySettings: ({ pageToken }) =>
      pageToken === ''
        ? {
            entries: [{ instance: 'desk', result: { $case: 'settings', value: settings } }],
            nextPageToken: 'more',
          }
        : { entries: [{ instance: 'bot', result: { $case: 'error', value: loggedOut } }], nextPageToken: '' },
  };

  test('shows every page, the settings that somebody has, and marks who could not be read', async () => {
    const { cli, calls } = await serviceWith(answers);
    const { code, stdout } = await cli('list', '--max-age', '90s');
    expect(code).toBe(0);
    expect(stdout).toMatch(/instance │ last_seen │ online │ call_add │ not read/);
    expect(stdout).toMatch(/desk +│ none +│ all +│ contacts │ +│/);
    expect(stdout).toMatch(/bot +│ – +│ – +│ – +│ ✗ INSTANCE_LOGGED_OUT: Instance is not connected/);
    expect(calls[0]?.request).toMatchObject({ pageSize: 200, maxAge: { seconds: 90n, nanos: 0 } });
  });

  test('with --selector asks for those that match, on every page', async () => {
    const { cli, calls } = await serviceWith(answers);
    expect(await cli('list', '--selector', 'env=prod,!old')).toMatchObject({ code: 0, stderr: '' });
    expect(calls.map(({ request }) => request)).toMatchObject([
      { labelSelector: 'env=prod,!old', pageToken: '' },
      { labelSelector: 'env=prod,!old', pageToken: 'more' },
    ]);
  });

  test('is one document as JSON, with the details of errors', async () => {
    const { cli } = await serviceWith(answers);
    expect(JSON.parse((await cli('list', '--json')).stdout)).toMatchObject({
      entries: [
        { instance: 'desk', settings: { visibility: { lastSeen: 'LAST_SEEN_VISIBILITY_NONE' } } },
        { instance: 'bot', error: { code: 'FAILED_PRECONDITION', reason: 'INSTANCE_LOGGED_OUT' } },
      ],
    });
  });
});

describe('privacy apply', () => {
  const ended = (instance: string, error?: Status): ApplyPrivacySettingsResponse =>
    ApplyPrivacySettingsResponse.fromPartial({
      instance,
      result: error
        ? { $case: 'error', value: error }
        : {
            $case: 'success',
            value: {
              outcomes: [SettingOutcome.fromPartial({ state: SettingOutcome_State.APPLIED })],
            },
          },
    });
  const partial = failure(status.ABORTED, '1 of 2 instances did not end as asked', [
    info('PARTIAL_UPDATE'),
    detail('whatsapp.privacy.v1.PrivacyApplyFailure', PrivacyApplyFailure, {
      succeededCount: 1,
      failedCount: 1,
      failedIndexes: [1],
    }),
  ]);

  test('sends the values to the instances named and tells how many ended as asked', async () => {
    const { cli, calls } = await serviceWith({
      *applyPrivacySettings({ instances }) {
        for (const instance of instances) yield ended(instance);
      },
    });
    const options = ['--on-failure', 'continue', '--preset', 'groups-by-contacts'];
    const result = await cli('apply', '--instances', 'desk,bot', 'last_seen=none', ...options);
    expect(result).toEqual({ code: 0, stdout: '2 of 2 instances ended as asked\n', stderr: '' });
    expect(calls.map(({ request }) => request)).toMatchObject([
      {
        instances: ['desk', 'bot'],
        visibility: { lastSeen: LastSeenVisibility.NONE },
        permissions: { groupAdd: GroupAddPermission.CONTACTS },
        onFailure: OnFailure.CONTINUE,
        validateOnly: false,
      },
    ]);
  });

  test('with --validate-only tells what would change on each instance', async () => {
    const outcomes = [
      { state: SettingOutcome_State.WOULD_CHANGE, setting: PrivacySetting.LAST_SEEN },
      { state: SettingOutcome_State.UNCHANGED, setting: PrivacySetting.GROUP_ADD },
    ].map(outcome =>
      SettingOutcome.fromPartial({ ...outcome, previousValue: 'all', requestedValue: 'none' }),
    );
    const { cli, calls } = await serviceWith({
      *applyPrivacySettings() {
        for (const [instance, some] of [['desk', outcomes] as const, ['bot', outcomes.slice(1)] as const])
          yield ApplyPrivacySettingsResponse.fromPartial({
            instance,
            result: { $case: 'success', value: { outcomes: some } },
          });
      },
    });
    const { code, stdout } = await cli(
      'apply',
      '--instances',
      'desk,bot',
      'last_seen=none',
      '--validate-only',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/desk +│ last_seen all → none +│/);
    expect(stdout).toMatch(/bot +│ nothing +│/);
    expect(calls[0]?.request).toMatchObject({ validateOnly: true });
  });

  test('shows what failed and why, and ends with 1', async () => {
    const { cli } = await serviceWith({
      *applyPrivacySettings() {
        yield ended('desk');
        yield ended('bot', loggedOut);
        throw partial;
      },
    });
    const { code, stdout, stderr } = await cli('apply', '--instances', 'desk,bot', 'last_seen=none');
    expect(code).toBe(1);
    expect(stdout).toMatch(/bot +│ INSTANCE_LOGGED_OUT: Instance is not connected/);
    expect(stdout).toContain('1 of 2 instances ended as asked');
    expect(stdout).not.toContain('desk');
    expect(stderr).toContain('ABORTED PARTIAL_UPDATE: 1 of 2 instances did not end as asked');
  });

  test('is a line for each instance as JSON, and one for the error at the end', async () => {
    const { cli } = await serviceWith({
      *applyPrivacySettings() {
        yield ended('desk');
        yield ended('bot', loggedOut);
        throw partial;
      },
    });
    const { code, stdout } = await cli('apply', '--json', '--instances', 'desk,bot', 'last_seen=none');
    expect(code).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toMatchObject([
      { instance: 'desk', success: { outcomes: [{ state: 'STATE_APPLIED' }] } },
      { instance: 'bot', error: { reason: 'INSTANCE_LOGGED_OUT' } },
      { error: { reason: 'PARTIAL_UPDATE', details: [{}, { succeededCount: 1, failedIndexes: [1] }] } },
    ]);
  });

  test('with --all goes on all instances, a thousand in a call, also after one that failed in part', async () => {
    const names = Array.from({ length: 1001 }, (_, index) => `desk-${index}`);
    const { cli, calls } = await serviceWith({
      listInstances: ({ pageToken }) => ({
        instances: (pageToken === '' ? names.slice(0, 500) : names.slice(500)).map(name =>
          Instance.fromPartial({ name }),
        ),
        nextPageToken: pageToken === '' ? 'more' : '',
      }),
      *applyPrivacySettings({ instances }) {
        for (const instance of instances)
          yield instance === 'desk-7' ? ended(instance, loggedOut) : ended(instance);
        if (instances.includes('desk-7')) throw partial;
      },
    });
    const { code, stdout } = await cli('apply', '--all', 'preset=no-read-receipts');
    expect(code).toBe(1);
    expect(stdout).toContain('1000 of 1001 instances ended as asked');
    const applied = calls.filter(({ method }) => method === 'applyPrivacySettings');
    expect(applied.map(({ request }) => (request as { instances: string[] }).instances.length)).toEqual([
      1000, 1,
    ]);
  });

  test('with --selector goes on those that match when it begins', async () => {
    const { cli, calls } = await serviceWith({
      listInstances: () => ({ instances: [Instance.fromPartial({ name: 'desk' })], nextPageToken: '' }),
      *applyPrivacySettings({ instances }) {
        for (const instance of instances) yield ended(instance);
      },
    });
    const result = await cli('apply', '--selector', 'site in (berlin,rome)', 'last_seen=none');
    expect(result).toEqual({ code: 0, stdout: '1 of 1 instances ended as asked\n', stderr: '' });
    expect(calls.map(({ request }) => request)).toMatchObject([
      { labelSelector: 'site in (berlin,rome)' },
      { instances: ['desk'], labelSelector: '' },
    ]);
  });

  test('with --selector changes nothing when none matches', async () => {
    const { cli, calls } = await serviceWith({ listInstances: () => ({ instances: [], nextPageToken: '' }) });
    const { code, stderr } = await cli('apply', '--selector', 'env=prod', 'last_seen=none');
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: --selector: no instance matches\n' });
    expect(calls.map(({ method }) => method)).toEqual(['listInstances']);
  });

  test('stops at an error that is not about instances', async () => {
    const { cli, calls } = await serviceWith({
      applyPrivacySettings() {
        throw failure(status.PERMISSION_DENIED, 'not covered', [info('SCOPE_DENIED')]);
      },
    });
    const { code, stdout, stderr } = await cli('apply', '--instances', 'desk', 'last_seen=none');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('PERMISSION_DENIED SCOPE_DENIED: not covered');
    expect(calls).toHaveLength(1);
  });

  test.each([
    ['nowhere', ['last_seen=none'], 'say on which instances: --all, --instances a,b or --selector env=prod'],
    ['an empty selector', ['--selector', '', 'last_seen=none'], '--selector is empty; --all goes on all'],
    ['both ways', ['--all', '--instances', 'a', 'last_seen=none'], 'say on which instances'],
    ['nothing', ['--instances', 'a'], 'give at least one SETTING=VALUE, or a preset'],
    ['an unknown preset', ['--instances', 'a', '--preset', 'x'], 'preset=x: no such preset'],
  ])('is called wrongly with %s', async (_, args, mistake) => {
    const { cli, calls } = await serviceWith({});
    const { code, stderr } = await cli('apply', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${mistake}`);
    expect(calls).toEqual([]);
  });
});

test('privacy set takes presets from the configuration file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-fleet-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'wa-privacy.toml');
  writeFileSync(path, '[presets.office]\nlast_seen = "contacts"\nonline = "match_last_seen"\n');
  const { cli, env, calls } = await serviceWith({
    updatePrivacySettings: () => ({ settings: undefined, outcomes: [] }),
  });
  const expected = {
    visibility: { lastSeen: LastSeenVisibility.CONTACTS, online: OnlineVisibility.ALL },
  };
  await cli('set', 'desk', 'preset=office', 'online=all', '--config', path);
  await run(['privacy', 'set', 'desk', '--preset', 'office', 'online=all'], {
    env: { ...env, WA_PRIVACY_CONFIG: path },
  });
  expect(calls.map(({ request }) => request)).toMatchObject([expected, expected]);
});

describe('privacy apply --detach', () => {
  test('goes on without the command, and needs a request id', async () => {
    const { cli, calls } = await serviceWith({ *applyPrivacySettings() {} });
    const command = ['apply', '--instances', 'desk', 'last_seen=none', '--detach'];
    const refused = await cli(...command);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--request-id');
    expect(calls).toEqual([]);
    expect((await cli(...command, '--request-id', REQUEST_ID)).code).toBe(0);
    expect(calls[0]?.request).toMatchObject({ detached: true, requestId: REQUEST_ID });
  });
});

describe('privacy apply-result', () => {
  const page = (
    nextPageToken: string,
    results: Partial<ApplyPrivacySettingsResponse>[],
    state = GetApplyResultResponse_State.INTERRUPTED,
  ) =>
    GetApplyResultResponse.fromPartial({
      state,
      totalCount: 3,
      succeededCount: 1,
      failedCount: 1,
      results,
      nextPageToken,
    });
  const answers: Answers = {
    getApplyResult: ({ pageToken }) =>
      pageToken === ''
        ? page('more', [{ index: 0, instance: 'desk', result: { $case: 'error', value: loggedOut } }])
        : page('', [{ index: 2, instance: 'bot' }]),
  };

  test('shows of every page what failed, and how far it is', async () => {
    const { cli, calls } = await serviceWith(answers);
    const { code, stdout } = await cli('apply-result', REQUEST_ID);
    expect(code).toBe(0);
    expect(stdout).toMatch(/desk +│ INSTANCE_LOGGED_OUT: Instance is not connected/);
    expect(stdout).toContain('INTERRUPTED: 1 of 3 instances ended as asked, 1 failed');
    expect(stdout).toContain('The same apply with the same --request-id goes on with the rest');
    expect(calls.map(({ request }) => request)).toMatchObject([
      { requestId: REQUEST_ID, pageSize: 200, pageToken: '' },
      { requestId: REQUEST_ID, pageSize: 200, pageToken: 'more' },
    ]);
  });

  test('is one document as JSON, with the details of errors', async () => {
    const { cli } = await serviceWith(answers);
    expect(JSON.parse((await cli('apply-result', REQUEST_ID, '--json')).stdout)).toMatchObject({
      state: 'STATE_INTERRUPTED',
      totalCount: 3,
      results: [
        { instance: 'desk', error: { code: 'FAILED_PRECONDITION', reason: 'INSTANCE_LOGGED_OUT' } },
        { instance: 'bot' },
      ],
    });
  });
});

describe('privacy watch', () => {
  const events: WatchPrivacySettingsResponse[] = [
    { instance: 'desk', event: { $case: 'snapshot', value: settings } },
    {
      instance: 'desk',
      event: {
        $case: 'change',
        value: { changed: [PrivacySetting.LAST_SEEN], settings, origin: Origin.OTHER_DEVICE },
      },
    },
    { instance: '', event: { $case: 'heartbeat', value: {} } },
    {
      instance: 'bot',
      event: {
        $case: 'unavailable',
        value: { reason: ErrorReason.INSTANCE_LOGGED_OUT, message: 'the account was logged out' },
      },
    },
  ];
  const goingAway = failure(status.UNAVAILABLE, 'going away', [
    info('SHUTTING_DOWN'),
    detail('google.rpc.RetryInfo', RetryInfo, { retryDelay: { seconds: 0n, nanos: 1_000_000 } }),
  ]);
  const revoked = failure(status.UNAUTHENTICATED, 'revoked', [info('TOKEN_INVALID')]);

  test('shows a line for each event, calls again when the service asks for it, and ends with the token', async () => {
    let calls = 0;
    const { cli, calls: arrived } = await serviceWith({
      *watchPrivacySettings() {
        yield* calls === 0 ? events : events.slice(0, 1);
        throw calls++ === 0 ? goingAway : revoked;
      },
    });
    const { code, stdout, stderr } = await cli('watch', 'desk', 'bot', '--heartbeat', '5s');
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => line.slice(line.indexOf(' ')).trim()),
    ).toEqual([
      'desk  is now: last_seen=none online=all call_add=contacts',
      'desk  changed by another device: last_seen=none',
      'bot  cannot be followed: INSTANCE_LOGGED_OUT: the account was logged out',
      'desk  is now: last_seen=none online=all call_add=contacts',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('UNAUTHENTICATED TOKEN_INVALID: revoked');
    expect(arrived[0]?.request).toEqual({
      instances: ['desk', 'bot'],
      heartbeatInterval: { seconds: 5n, nanos: 0 },
      labelSelector: '',
    });
  });

  test('goes on behind the entry of the history that it has shown', async () => {
    const recorded = PrivacyChange.fromPartial({ id: 8n, instance: 'desk', newValue: 'none' });
    const { cli, calls } = await serviceWith({
      *watchPrivacySettings({ startAfter }) {
        if (startAfter === 8n) throw revoked;
        yield { instance: 'desk', event: { $case: 'recorded', value: recorded } };
        throw goingAway;
      },
    });
    await cli('watch', '--selector', 'env=prod', '--start-after', '7');
    expect(calls.map(({ request }) => request)).toMatchObject([
      { instances: [], labelSelector: 'env=prod', startAfter: 7n },
      { instances: [], labelSelector: 'env=prod', startAfter: 8n },
    ]);
  });

  test('goes on when the connection breaks and is there again', async () => {
    let calls = 0;
    const { cli } = await serviceWith({
      *watchPrivacySettings() {
        yield* events.slice(0, 1);
        throw calls++ < 2 ? failure(status.UNAVAILABLE, 'Connection dropped') : revoked;
      },
    });
    const { code, stdout, stderr } = await cli('watch');
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(code).toBe(1);
    expect(stderr).toContain('TOKEN_INVALID');
  });

  test('ends when the service cannot be reached at all', async () => {
    const { cli } = await serviceWith({
      watchPrivacySettings() {
        throw failure(status.UNAVAILABLE, 'Connection refused');
      },
    });
    const { code, stdout, stderr } = await cli('watch');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('is the service running at');
  });

  test('is a line for every event as JSON', async () => {
    const { cli } = await serviceWith({
      *watchPrivacySettings() {
        yield* events;
        throw revoked;
      },
    });
    const { stdout } = await cli('watch', '--json');
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines).toMatchObject([
      { instance: 'desk', snapshot: {} },
      { instance: 'desk', change: { changed: ['PRIVACY_SETTING_LAST_SEEN'], origin: 'ORIGIN_OTHER_DEVICE' } },
      { heartbeat: {} },
      { instance: 'bot', unavailable: { reason: 'ERROR_REASON_INSTANCE_LOGGED_OUT' } },
      { error: { reason: 'TOKEN_INVALID' } },
    ]);
  });
});
