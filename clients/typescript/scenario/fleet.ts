import { status } from '@grpc/grpc-js';
import {
  ApplyPrivacySettingsRequest,
  detailsOf,
  Instance_State,
  InstanceServiceService as Instances,
  ListInstancesRequest,
  PrivacyServiceService as Privacy,
  ReadReceiptsMode,
  reasonOf,
} from 'wa-privacy/client';
import { check, mustFail, told } from './check.ts';
import type { Scene } from './scene.ts';

export async function applying({ service, desk, shop }: Scene): Promise<void> {
  const request = ApplyPrivacySettingsRequest.fromPartial({
    instances: [desk.instance, shop.instance, 'nobody'],
    privacy: { readReceipts: ReadReceiptsMode.NONE },
  });
  const ends = new Map<number, string | undefined>();
  const apply = async () => {
    for await (const { index, result } of service.stream(Privacy.applyPrivacySettings, request)) {
      const isSuccess = result?.$case === 'success';
      ends.set(index, isSuccess ? told(result.value.outcomes) : reasonOf(result?.value));
    }
  };
  const error = await mustFail(apply(), status.ABORTED, 'PARTIAL_UPDATE');
  const each = [0, 1, 2].map(index => ends.get(index)).join('; ');
  check(
    each === 'READ_RECEIPTS UNCHANGED; READ_RECEIPTS APPLIED; INSTANCE_NOT_FOUND',
    'each by itself',
    each,
  );
  const sum = detailsOf(error)['whatsapp.privacy.v1.PrivacyApplyFailure'];
  check(sum?.succeededCount === 2 && sum.failedIndexes.join() === '2', 'and in sum', sum);
}

export async function paging({ service }: Scene): Promise<void> {
  const list = (request: Partial<ListInstancesRequest>) =>
    service.call(Instances.listInstances, ListInstancesRequest.fromPartial(request));
  const first = await list({ pageSize: 2 });
  const second = await list({ pageSize: 2, pageToken: first.nextPageToken });
  const names = [...first.instances, ...second.instances].map(({ name }) => name).join();
  check(names === 'desk,shop,spare' && second.nextPageToken === '', 'each instance once, by name', names);
  await mustFail(
    list({ pageToken: first.nextPageToken, state: Instance_State.CONNECTED }),
    status.INVALID_ARGUMENT,
    'INVALID_REQUEST',
  );
}
