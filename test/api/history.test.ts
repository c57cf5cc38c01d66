import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ErrorReason, SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Origin,
  PrivacyServiceService as Privacy,
  PrivacyChange_Kind,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  GroupAddPermission,
  LastSeenVisibility,
  PrivacySetting,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());

const kinds = [PrivacyChange_Kind.SETTING_CHANGED];
const changes = async (pageSize = 0, pageToken = '') =>
  service.client.call(Privacy.listPrivacyChanges, { instance: desk.instance, kinds, pageSize, pageToken });

test('holds every change tried, who asked for it and how it ended, newest first', async () => {
  service.simulator.inject({
    match: { on: 'privacy_set', category: 'groupadd' },
    effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
  });
  const failure = await failureOf(
    service.client.call(Privacy.updatePrivacySettings, {
      instance: desk.instance,
      visibility: { lastSeen: LastSeenVisibility.NONE },
      permissions: { groupAdd: GroupAddPermission.CONTACTS },
      requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11',
    }),
  );
  expect(failure.update?.outcomes[1]?.reason).toBe(ErrorReason.WHATSAPP_REJECTED);
  const page = await changes();
  expect(page.changes).toMatchObject([
    { setting: PrivacySetting.GROUP_ADD, outcome: State.FAILED, whatsappCode: 403 },
    { setting: PrivacySetting.LAST_SEEN, outcome: State.APPLIED, oldValue: 'all', newValue: 'none' },
  ]);
  for (const change of page.changes) {
    expect(change).toMatchObject({
      origin: Origin.THIS_SERVICE,
      actor: { tokenId: 'first', tokenDisplayName: 'first account token' },
      requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11',
    });
  }
});

test('holds what the phone changed', async () => {
  desk.phone.setPrivacy('calladd', 'known');
  await expect
    .poll(async () => (await changes()).changes[0])
    .toMatchObject({
      origin: Origin.OTHER_DEVICE,
      actor: undefined,
      setting: PrivacySetting.CALL_ADD,
      oldValue: 'all',
      newValue: 'known',
      outcome: State.APPLIED,
    });
});

test('comes in pages that do not shift when new changes arrive', async () => {
  const first = await changes(2);
  expect(first.changes).toHaveLength(2);
  desk.phone.setPrivacy('profile', 'none');
  await expect.poll(async () => (await changes(1)).changes[0]?.setting).toBe(PrivacySetting.PROFILE);
  const second = await changes(2, first.nextPageToken);
  expect(second.changes.map(({ setting }) => setting)).toEqual([PrivacySetting.LAST_SEEN]);
  expect(second.nextPageToken).toBe('');
});

test('refuses a page token that is none', async () => {
  expect(await failureOf(changes(0, 'not-a-token'))).toMatchObject({ reason: 'INVALID_REQUEST' });
});

test('survives a restart', async () => {
  const before = (await changes()).changes;
  await service.stop();
  await service.start();
  expect((await changes()).changes).toEqual(before);
});

test('forgets what is older than it is kept, also when that is more than a little, and goes on', async () => {
  const DAY_MS = 86_400_000;
  await using own = await startService({ env: { WA_PRIVACY_HISTORY_DAYS: '30' } });
  const { instance } = await own.linked();
  const list = async () =>
    (await own.client.call(Privacy.listPrivacyChanges, { instance, kinds, pageSize: 200 })).changes;
  await own.client.call(Privacy.updatePrivacySettings, {
    instance,
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  await own.stop();
  const database = new Sqlite(join(own.dataDir, 'wa-privacy.db'));
  const copies = database.prepare(
    `insert into privacy_change
         (id, kind, instance, instance_uid, time, origin, setting, new_value, outcome, request_id, token_id)
       select 1000 + @more, kind, instance, instance_uid, time - @ageMs, origin, setting, new_value, outcome, '', ''
         from privacy_change where kind = 'SETTING_CHANGED' and id < 1000`,
  );
  for (let more = 1; more <= 120; more++) copies.run({ more, ageMs: (more <= 5 ? 29 : 31) * DAY_MS });
  database.prepare('update change_counter set last_id = 2000').run();
  database.close();

  await own.start();
  await expect.poll(async () => (await list()).length).toBe(6);
  const permissions = { groupAdd: GroupAddPermission.CONTACTS };
  await own.client.call(Privacy.updatePrivacySettings, { instance, permissions });
  expect((await list()).map(({ setting }) => setting)).toEqual([
    PrivacySetting.GROUP_ADD,
    ...Array(6).fill(PrivacySetting.LAST_SEEN),
  ]);
});
