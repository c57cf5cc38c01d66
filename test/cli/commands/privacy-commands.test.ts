import { describe, expect, onTestFinished, test } from 'vitest';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type ListPrivacyChangesRequest,
  Origin,
  PrivacyChange,
  PrivacyChange_Kind,
  SettingDescription_NotWritableReason as Reason,
  SettingDescription,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySetting } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { run } from '../support/run.js';
import { type Answers, startService } from '../support/service.js';

async function serviceWith(answers: Answers) {
  const { address, calls, stop } = await startService(answers);
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  return { calls, cli: (...args: string[]) => run(['privacy', ...args], { env }) };
}

test('privacy describe tells of each setting whether it can be changed, or why not', async () => {
  const description = (setting: PrivacySetting, reason?: Reason) =>
    SettingDescription.fromPartial({
      setting,
      reported: reason !== Reason.NOT_REPORTED,
      writable: reason === undefined,
      notWritableReason: reason ?? Reason.UNSPECIFIED,
      allowedValues: ['all', 'none'],
    });
  const { cli, calls } = await serviceWith({
    describePrivacySettings: () => ({
      descriptions: [
        description(PrivacySetting.LAST_SEEN),
        description(PrivacySetting.PROFILE, Reason.LOCKED_BY_DEFENSE),
        description(PrivacySetting.MESSAGES, Reason.NOT_REPORTED),
        description(PrivacySetting.DEFENSE, Reason.READ_ONLY),
        description(99 as PrivacySetting, 98 as Reason),
      ],
    }),
  });
  const { code, stdout } = await cli('describe', 'support-desk');
  expect(code).toBe(0);
  expect(stdout).toMatch(/last_seen +│ yes +│ yes +│ all, none/);
  expect(stdout).toMatch(/profile +│ yes +│ no: locked by Strict Account Settings/);
  expect(stdout).toMatch(/messages +│ no +│ no: not reported/);
  expect(stdout).toMatch(/defense +│ yes +│ no: never changed/);
  expect(stdout).toMatch(/number 99 +│ yes +│ no: number 98/);
  expect(calls[0]?.request).toEqual({ instance: 'support-desk' });
});

describe('privacy history', () => {
  const change = (newValue: string, rest: Partial<PrivacyChange> = {}) =>
    PrivacyChange.fromPartial({
      kind: PrivacyChange_Kind.SETTING_CHANGED,
      changeTime: new Date('2026-01-31T12:00:00Z'),
      setting: PrivacySetting.LAST_SEEN,
      newValue,
      outcome: State.APPLIED,
      origin: Origin.OTHER_DEVICE,
      ...rest,
    });
  const byToken = {
    origin: Origin.THIS_SERVICE,
    actor: { tokenId: 'k7f3q2', tokenDisplayName: 'dashboard' },
  };

  test('shows who changed what and how it ended', async () => {
    const failed = { ...byToken, oldValue: 'all', outcome: State.FAILED, whatsappCode: 403 };
    const { cli } = await serviceWith({
      listPrivacyChanges: () => ({ changes: [change('none', failed), change('all')], nextPageToken: '' }),
    });
    const { stdout } = await cli('history', 'support-desk');
    expect(stdout).toMatch(
      /2026-01-31T12:00:00.000Z │ last_seen │ all → none │ FAILED \(403\) │ token k7f3q2 \(dashboard\)/,
    );
    expect(stdout).toMatch(/– → all +│ APPLIED +│ another device/);
    expect(JSON.parse((await cli('history', 'support-desk', '--json')).stdout)).toMatchObject({
      changes: [{ setting: 'PRIVACY_SETTING_LAST_SEEN', outcome: 'STATE_FAILED' }, {}],
    });
  });

  test.each([
    { args: [], sizes: [50] },
    { args: ['--limit', '3'], sizes: [3] },
    { args: ['--limit', '450'], sizes: [200, 200, 50] },
  ])('asks for no more than it shows: $args', async ({ args, sizes }) => {
    const { cli, calls } = await serviceWith({
      listPrivacyChanges: ({ pageSize }) => ({
        changes: Array.from({ length: pageSize }, () => change('none')),
        nextPageToken: 'more',
      }),
    });
    const { stdout } = await cli('history', 'support-desk', '--json', ...args);
    expect(JSON.parse(stdout).changes).toHaveLength(sizes.reduce((sum, size) => sum + size));
    const requests = calls.map(({ request }) => request as ListPrivacyChangesRequest);
    expect(requests.map(({ pageSize }) => pageSize)).toEqual(sizes);
    expect(requests.map(({ pageToken }) => pageToken)).toEqual(['', 'more', 'more'].slice(0, sizes.length));
  });

  test('asks for what the options say, of all instances when none is named, and on every page', async () => {
    const { cli, calls } = await serviceWith({
      listPrivacyChanges: ({ pageToken }) => ({
        changes: [change('none', { id: 43n, instance: 'desk' })],
        nextPageToken: pageToken === '' ? 'more' : '',
      }),
    });
    const options = [
      ['--since', '2026-01-31', '--until', '2026-02-01T12:00:00Z', '--start-after', '42'],
      ['--setting', 'last_seen', '--setting', 'read_receipts', '--origin', 'other_device'],
      ['--kind', 'SETTING_CHANGED', '--kind', 'token_created'],
    ];
    const { code, stdout, stderr } = await cli('history', ...options.flat());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/id +│ time +│ instance/);
    expect(stdout).toMatch(/43 +│ 2026-01-31T12:00:00.000Z │ desk +│ last_seen/);
    const request = {
      instance: '',
      startTime: new Date('2026-01-31T00:00:00Z'),
      endTime: new Date('2026-02-01T12:00:00Z'),
      startAfter: 42n,
      settings: [PrivacySetting.LAST_SEEN, PrivacySetting.READ_RECEIPTS],
      origins: [Origin.OTHER_DEVICE],
      kinds: [PrivacyChange_Kind.SETTING_CHANGED, PrivacyChange_Kind.TOKEN_CREATED],
    };
    expect(calls.map(call => call.request)).toMatchObject([request, { ...request, pageToken: 'more' }]);
  });

  test('takes a duration for the time so long ago, and 0 for the beginning', async () => {
    const { cli, calls } = await serviceWith({
      listPrivacyChanges: () => ({ changes: [], nextPageToken: '' }),
    });
    const before = Date.now();
    await cli('history', 'support-desk', '--since', '2d', '--start-after', '0');
    const [{ startTime, startAfter } = {}] = calls.map(({ request }) => request as ListPrivacyChangesRequest);
    const ago = 2 * 86_400_000;
    expect(startTime?.getTime()).toBeGreaterThanOrEqual(before - ago);
    expect(startTime?.getTime()).toBeLessThanOrEqual(Date.now() - ago);
    expect(startAfter).toBe(0n);
  });

  test.each([
    ['--since', 'yesterday'],
    ['--until', '2026-13-40'],
    ['--setting', 'shoe_size'],
    ['--origin', 'unspecified'],
    ['--kind', 'kind_setting_changed'],
    ['--start-after', '-1'],
    ['--start-after', 'x'],
  ])('refuses %s %s', async (option, value) => {
    const { cli, calls } = await serviceWith({});
    const { code, stderr } = await cli('history', option, value);
    expect(code).toBe(2);
    expect(stderr).toContain(option);
    expect(calls).toEqual([]);
  });

  test.each(['0', '-1', '1.5', 'all'])('refuses the limit %s', async limit => {
    const { cli, calls } = await serviceWith({});
    expect(await cli('history', 'support-desk', '--limit', limit)).toMatchObject({ code: 2, stdout: '' });
    expect(calls).toEqual([]);
  });
});
