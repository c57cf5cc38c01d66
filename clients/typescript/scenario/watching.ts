import { randomUUID } from 'node:crypto';
import { type ServiceError, status } from '@grpc/grpc-js';
import {
  ListPrivacyChangesRequest,
  Origin,
  PrivacyServiceService as Privacy,
  type PrivacyChange,
  PrivacySetting,
  ProfileVisibility,
  UpdatePrivacySettingsRequest,
  WatchPrivacySettingsRequest,
} from 'wa-privacy/client';
import { check } from './check.ts';
import type { Linked, Scene } from './scene.ts';

export async function watching({ service, phones, desk }: Scene): Promise<void> {
  const request = WatchPrivacySettingsRequest.fromPartial({ instances: [desk.instance] });
  const stream = service.stream(Privacy.watchPrivacySettings, request);
  const seen: string[] = [];
  try {
    for await (const { event } of stream) {
      if (event?.$case === 'snapshot') await phones.setOnPhone(desk.phoneNumber, 'profile', 'contacts');
      if (event?.$case === 'change') {
        const { origin, settings } = event.value;
        check(origin === Origin.OTHER_DEVICE, 'the phone made it', event.value);
        check(settings?.visibility?.profile === ProfileVisibility.CONTACTS, 'the change', event.value);
        stream.cancel();
      }
      if (event !== undefined) seen.push(event.$case);
    }
  } catch (error) {
    const { code } = error as ServiceError;
    check(code === status.CANCELLED, 'a watch that is cancelled ends so', error);
  }
  check(seen[0] === 'snapshot' && seen.includes('change'), 'the settings first, then what changes', seen);
}

/** Each entry of the history comes once, also when a watch ends between two of them: by the id of the last one. */
export async function following(scene: Scene): Promise<void> {
  const { service, phones, desk } = scene;
  const newest = ListPrivacyChangesRequest.fromPartial({ instance: desk.instance, pageSize: 1 });
  const [{ id } = { id: 0n }] = (await service.call(Privacy.listPrivacyChanges, newest)).changes;

  await phones.setOnPhone(desk.phoneNumber, 'profile', 'all');
  const first = await nextEntry(scene, desk, id);
  check(first.setting === PrivacySetting.PROFILE && first.newValue === 'all', 'what the phone did', first);
  check(first.origin === Origin.OTHER_DEVICE && first.actor === undefined, 'no token did it', first);

  const request = UpdatePrivacySettingsRequest.fromPartial({
    instance: desk.instance,
    visibility: { profile: ProfileVisibility.CONTACTS },
    requestId: randomUUID(),
  });
  await service.call(Privacy.updatePrivacySettings, request); // Nobody watches now.
  const second = await nextEntry(scene, desk, first.id);
  check(second.id > first.id && second.requestId === request.requestId, 'the one after it', second);
  check(second.actor !== undefined, 'and who did it', second);
}

/** Watches from behind an entry until the next one. */
async function nextEntry({ service }: Scene, { instance }: Linked, id: bigint): Promise<PrivacyChange> {
  const request = WatchPrivacySettingsRequest.fromPartial({ instances: [instance], startAfter: id });
  const stream = service.stream(Privacy.watchPrivacySettings, request);
  let entry: PrivacyChange | undefined;
  for await (const { event } of stream) {
    if (event?.$case !== 'recorded') continue;
    entry = event.value;
    break;
  }
  stream.cancel();
  check(entry !== undefined, 'a watch goes on');
  return entry;
}
