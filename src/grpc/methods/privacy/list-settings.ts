import type {
  ListPrivacySettingsRequest,
  ListPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Instances } from '../../../instances/instances.js';
import type { CallSlots } from '../../calls/call-slots.js';
import type { Call } from '../../calls/handler.js';
import type { InnerStatus } from '../../errors/statuses.js';
import { accept } from '../../messages/checked.js';
import { encodeSnapshot } from '../../messages/codec.js';
import { coveredPage } from '../../messages/pagination.js';
import * as check from '../../messages/validate.js';

type ListOrder = ReturnType<typeof decodeListSettings>;

export function decodeListSettings({ pageSize, pageToken, maxAge }: ListPrivacySettingsRequest) {
  return accept({
    limit: check.pageSize(pageSize),
    after: check.pageToken(pageToken),
    maxAgeMs: check.duration('max_age', maxAge),
  });
}

/** Reads a page of instances; one that cannot be read, or not in time, is an entry with its error. */
export const listSettings =
  (instances: Instances, statusOf: InnerStatus, open: CallSlots) =>
  async ({ maxAgeMs, ...wanted }: ListOrder, call: Call): Promise<ListPrivacySettingsResponse> => {
    const { method, principal, options } = call;
    using _place = open(principal.tokenId, method.fullName);
    const page = coveredPage(instances, principal, wanted);
    const names = page.instances.map(({ name }) => name);
    const reads = await instances.readEach(names, maxAgeMs, options);
    return {
      entries: reads.map((read, index) => ({
        instance: names[index] ?? '',
        result:
          read.status === 'fulfilled'
            ? { $case: 'settings', value: encodeSnapshot(read.value) }
            : { $case: 'error', value: statusOf(read.reason, call) },
      })),
      nextPageToken: page.nextPageToken,
    };
  };
