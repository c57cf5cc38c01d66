import { describe, expect, onTestFinished, test } from 'vitest';
import { SettingOutcome, SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { ContactBlacklistSetting as List } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySetting } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { encodeEntry } from '../../../src/contract/contact-blacklist.js';
import { run } from '../support/run.js';
import { startService } from '../support/service.js';

const entries = ['+15550100101', '102@lid'].map(encodeEntry);
const outcome = SettingOutcome.fromPartial({
  setting: PrivacySetting.LAST_SEEN,
  state: State.APPLIED,
  previousValue: 'all',
  requestedValue: 'contact_blacklist',
});

async function service() {
  const { address, calls, stop } = await startService({
    getContactBlacklist: ({ pageToken }) =>
      pageToken === ''
        ? { entries: entries.slice(0, 1), etag: 'e1', nextPageToken: 'more', totalSize: 2 }
        : { entries: entries.slice(1), etag: 'e1', nextPageToken: '', totalSize: 2 },
    updateContactBlacklist: () => ({ entries, etag: 'e2', outcome, entriesUnknown: false, totalSize: 2 }),
  });
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  return { calls, cli: (...args: string[]) => run(['privacy', 'blacklist', ...args], { env }) };
}

describe('privacy blacklist', () => {
  test('shows a contact a line, of all pages, and the etag', async () => {
    const { cli, calls } = await service();
    const { code, stdout } = await cli('support-desk', 'group_add');
    expect(code).toBe(0);
    expect(stdout).toBe('+15550100101\n102@lid\ncontacts  2\netag      e1\n');
    expect(calls).toMatchObject([
      { method: 'getContactBlacklist', request: { instance: 'support-desk', setting: List.GROUP_ADD } },
      { method: 'getContactBlacklist', request: { pageToken: 'more' } },
    ]);
  });

  test('prints the answer of the API as JSON', async () => {
    const { cli } = await service();
    const { stdout } = await cli('support-desk', 'last_seen', '--json');
    expect(JSON.parse(stdout)).toEqual({
      entries: [{ phoneNumber: '+15550100101' }, { lid: '102@lid' }],
      etag: 'e1',
      totalSize: 2,
    });
  });

  test('sends exactly what was asked for, numbers as people write them, and shows the outcome', async () => {
    const { cli, calls } = await service();
    const { code, stdout } = await cli(
      'support-desk',
      'last_seen',
      '--add',
      '+1 (555) 010-0123',
      '104@lid',
      '--remove',
      '+15550100105',
      '--etag',
      'e1',
      '--validate-only',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/last_seen +│ APPLIED +│ all → contact_blacklist /);
    expect(stdout).toMatch(/contacts +2\netag +e2\n$/);
    expect(calls.map(({ request }) => request)).toEqual([
      {
        instance: 'support-desk',
        setting: List.LAST_SEEN,
        entriesToAdd: ['+15550100123', '104@lid'].map(encodeEntry),
        entriesToRemove: ['+15550100105'].map(encodeEntry),
        replace: false,
        etag: 'e1',
        validateOnly: true,
        requestId: '',
      },
    ]);
  });

  test('says that it is the list that changed where the setting has its value already', async () => {
    const previousValue = 'contact_blacklist';
    const { address, stop } = await startService({
      updateContactBlacklist: () => ({
        entries,
        etag: 'e2',
        outcome: { ...outcome, previousValue },
        entriesUnknown: false,
        totalSize: 2,
      }),
    });
    onTestFinished(stop);
    const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
    const { stdout } = await run(['privacy', 'blacklist', 'desk', 'last_seen', '--add', '104@lid'], { env });
    expect(stdout).toMatch(/last_seen +│ APPLIED +│ contact_blacklist, another list /);
  });

  test('says that nobody can know the list to come', async () => {
    const { address, stop } = await startService({
      updateContactBlacklist: () => ({
        entries: [],
        etag: 'e2',
        outcome,
        entriesUnknown: true,
        totalSize: 0,
      }),
    });
    onTestFinished(stop);
    const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
    const order = ['privacy', 'blacklist', 'desk', 'last_seen', '--add', '104@lid', '--validate-only'];
    const { stdout } = await run(order, { env });
    expect(stdout).toMatch(/contacts +│? *not known/);
  });

  test('replaces the list, with nobody too', async () => {
    const { cli, calls } = await service();
    await cli('support-desk', 'profile', '--replace', '104@lid', '105@lid');
    await cli('support-desk', 'profile', '--replace');
    expect(calls.map(({ request }) => request)).toMatchObject([
      { replace: true, entriesToAdd: ['104@lid', '105@lid'].map(encodeEntry), entriesToRemove: [] },
      { replace: true, entriesToAdd: [], entriesToRemove: [] },
    ]);
  });

  test.each([
    [['last_sen'], /^error: last_sen: no setting with a list; did you mean last_seen\?.*\n$/],
    [['online'], /^error: online: no setting with a list .*\n$/],
    [
      ['last_seen', '--add', '0123', '--remove', 'Anna'],
      /^error: 0123: write a phone number .*\nerror: Anna: write a phone number .*\n$/,
    ],
    [['last_seen', '--replace', '1@lid', '--add', '2@lid'], /^error: --replace: give it alone.*\n$/],
    [['last_seen', '--etag', 'e1'], /^error: --etag: only with .*\n$/],
  ])('sends nothing for %j', async (args, mistakes) => {
    const { cli, calls } = await service();
    const { code, stdout, stderr } = await cli('support-desk', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(mistakes);
    expect(calls).toEqual([]);
  });
});
