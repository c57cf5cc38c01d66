import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import {
  CallAddPermission,
  detailsOf,
  ErrorReason,
  GroupAddPermission,
  LastSeenVisibility,
  OnlineVisibility,
  outcomesOf,
  PrivacyServiceService as Privacy,
  type PrivacySettings,
  ProfileVisibility,
  ReadReceiptsMode,
  reasonOf,
  StatusVisibility,
  UpdatePrivacySettingsRequest,
} from 'wa-privacy/client';
import { check, mustFail, told, toldBy } from './check.ts';
import type { Linked, Scene } from './scene.ts';

export async function sevenSettings(scene: Scene): Promise<void> {
  const { service, phones, desk } = scene;
  const before = await read(scene, desk);
  check(before.visibility?.lastSeen === LastSeenVisibility.ALL, 'a new phone shows all', before);

  const request = UpdatePrivacySettingsRequest.fromPartial({
    instance: desk.instance,
    visibility: {
      lastSeen: LastSeenVisibility.CONTACTS,
      status: StatusVisibility.CONTACTS,
      profile: ProfileVisibility.NONE,
      online: OnlineVisibility.MATCH_LAST_SEEN,
    },
    privacy: { readReceipts: ReadReceiptsMode.NONE },
    permissions: { callAdd: CallAddPermission.KNOWN, groupAdd: GroupAddPermission.CONTACTS },
    etag: before.etag,
  });
  const { outcomes, settings } = await service.call(Privacy.updatePrivacySettings, request);
  const applied =
    'LAST_SEEN APPLIED, STATUS APPLIED, PROFILE APPLIED, ONLINE APPLIED, READ_RECEIPTS APPLIED, ' +
    'CALL_ADD APPLIED, GROUP_ADD APPLIED';
  check(told(outcomes) === applied, 'all seven are applied', told(outcomes));
  check(settings?.etag !== before.etag, 'other settings have another etag');
  const onPhone = await phones.settingsOf(desk.phoneNumber);
  check(onPhone['last'] === 'contacts' && onPhone['groupadd'] === 'contacts', 'the phone has them', onPhone);
}

/** The first of two narrowings is made, the second refused, so nothing is widened. */
export async function partialFailure({ service, phones, desk }: Scene): Promise<void> {
  await phones.inject(
    { on: 'privacy_set', category: 'status', phoneNumber: desk.phoneNumber },
    { do: 'refuse_category', code: 403, text: 'forbidden' },
  );
  const request = UpdatePrivacySettingsRequest.fromPartial({
    instance: desk.instance,
    visibility: {
      lastSeen: LastSeenVisibility.NONE,
      status: StatusVisibility.NONE,
      profile: ProfileVisibility.ALL,
      online: OnlineVisibility.MATCH_LAST_SEEN,
    },
  });
  const update = service.call(Privacy.updatePrivacySettings, request);
  const error = await mustFail(update, status.ABORTED, 'PARTIAL_UPDATE');
  const outcomes = 'LAST_SEEN APPLIED, STATUS FAILED, PROFILE NOT_ATTEMPTED, ONLINE UNCHANGED';
  check(toldBy(error) === outcomes, 'every outcome is told', toldBy(error));
  const refused = outcomesOf(error)[1];
  check(
    refused?.reason === ErrorReason.WHATSAPP_REJECTED && refused.whatsappCode === 403,
    'and why',
    refused,
  );
  const { settings } = detailsOf(error)['whatsapp.privacy.v1.PrivacyUpdateFailure'] ?? {};
  check(settings?.visibility?.profile === ProfileVisibility.NONE, 'and the settings as they are', settings);
}

/** A deadline may end on the way before the answer comes; then this is seen in another round. */
export async function deadline({ service, phones, shop }: Scene): Promise<void> {
  for (let round = 0; round < 10; round++) {
    for (const on of ['privacy_set', 'privacy_get'])
      await phones.inject({ on, phoneNumber: shop.phoneNumber }, { do: 'silence' }, 'always');
    const request = UpdatePrivacySettingsRequest.fromPartial({
      instance: shop.instance,
      visibility: { profile: round % 2 === 0 ? ProfileVisibility.CONTACTS : ProfileVisibility.NONE },
      requestId: randomUUID(),
    });
    const update = (options = {}) => service.call(Privacy.updatePrivacySettings, request, options);
    const error = await update({ deadline: Date.now() + 2000 }).catch(error => error);
    await phones.clearFaults();
    if (reasonOf(error) !== undefined) {
      await mustFail(Promise.reject(error), status.DEADLINE_EXCEEDED, 'DEADLINE_TOO_SHORT');
      const outcomes = toldBy(error);
      check(['PROFILE UNKNOWN', 'PROFILE NOT_ATTEMPTED'].includes(outcomes), 'how far it came', outcomes);
      return;
    }
    // The answer was lost. The same requestId gets it, and changes nothing twice.
    await update().catch(error => check(reasonOf(error) !== undefined, 'how it ended', error));
  }
  check(false, 'no answer came in time');
}

export async function read({ service }: Scene, { instance }: Linked): Promise<PrivacySettings> {
  const { settings } = await service.call(Privacy.getPrivacySettings, { instance, maxAge: undefined });
  check(settings !== undefined, 'an answer has settings');
  return settings;
}
