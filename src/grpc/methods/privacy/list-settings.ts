import {
  ListPrivacySettingsRequest,
  type ListPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Instances } from '../../../instances/instances.js';
import type { CallSlots } from '../../calls/call-slots.js';
import type { Call, Caller } from '../../calls/handler.js';
import type { InnerStatus } from '../../errors/statuses.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept } from '../../messages/checked.js';
import { encodeSnapshot } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import { coveredPage } from '../../messages/pagination.js';
import * as check from '../../messages/validate.js';

type ListOrder = ReturnType<ReturnType<typeof decodeListSettings>>;

export const decodeListSettings = (pageOf: PageOf) => (request: ListPrivacySettingsRequest, caller: Caller) =>
  accept({
    page: pageOf(ListPrivacySettingsRequest, request, caller),
    maxAgeMs: check.duration('max_age', request.maxAge),
    selector: checkLabels.selector(request.labelSelector),
  });

/** Reads a page of instances; one that cannot be read, or not in time, is an entry with its error. */
export const listSettings =
  (instances: Instances, statusOf: InnerStatus, open: CallSlots) =>
  async ({ maxAgeMs, ...wanted }: ListOrder, call: Call): Promise<ListPrivacySettingsResponse> => {
    const { principal, options } = call;
    using _place = open(principal.tokenId);
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
