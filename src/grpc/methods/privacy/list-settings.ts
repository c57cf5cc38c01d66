import {
  ListPrivacySettingsRequest,
  type ListPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Instances } from '../../../instances/instances.js';
import { askedPart } from '../../calls/call-context.js';
import type { CallSlots } from '../../calls/call-slots.js';
import type { Call, Caller } from '../../calls/handler.js';
import type { InnerStatus } from '../../errors/statuses.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept } from '../../messages/checked.js';
import { encodeSnapshot } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import { coveredPage } from '../../messages/pagination.js';
import { selectionOf } from '../../messages/selection.js';
import * as check from '../../messages/validate.js';
import type { Fleet } from '../fleet/fleet.js';
import { mergedSettings, type ReadEntries } from '../fleet/merged-settings.js';

type ListOrder = ReturnType<ReturnType<typeof decodeListSettings>>;

export const decodeListSettings =
  (pageOf: PageOf) => (request: ListPrivacySettingsRequest, caller: Caller) => ({
    ...accept({
      page: pageOf(ListPrivacySettingsRequest, request, caller),
      maxAgeMs: check.duration('max_age', request.maxAge),
      selector: checkLabels.selector(request.labelSelector),
    }),
    request,
  });

/** Reads a page of instances; one that cannot be read, or not in time, is an entry with its error. */
export function listSettings(
  instances: Instances,
  statusOf: InnerStatus,
  open: CallSlots,
  fleet: Fleet | undefined,
) {
  const readingFor =
    ({ maxAgeMs }: ListOrder, call: Call): ReadEntries =>
    async names => {
      const reads = await instances.readEach(names, maxAgeMs, call.options);
      return reads.map((read, index) => ({
        instance: names[index] ?? '',
        result:
          read.status === 'fulfilled'
            ? { $case: 'settings', value: encodeSnapshot(read.value) }
            : { $case: 'error', value: statusOf(read.reason, call) },
      }));
    };

  /** Of a page that another node puts together, the instances that run here. */
  function ownNames({ page, selector }: ListOrder, { principal }: Call, through: string | undefined) {
    const { after = '' } = page;
    const behind = { after, limit: Number.POSITIVE_INFINITY, state: undefined };
    return instances
      .list(behind, selectionOf(principal, selector))
      .instances.map(({ name }) => name)
      .filter(name => through === undefined || name <= through);
  }

  return async (order: ListOrder, call: Call): Promise<ListPrivacySettingsResponse> => {
    const read = readingFor(order, call);
    const part = askedPart(call.context);
    if (part) return { entries: await read(ownNames(order, call, part.through)), nextPageToken: '' };

    using _place = open(call.principal.tokenId);
    if (fleet) return await mergedSettings(instances, fleet, { read, statusOf }, order, call);
    const page = coveredPage(instances, call.principal, order);
    const entries = await read(page.instances.map(({ name }) => name));
    return { entries, nextPageToken: page.nextPageToken };
  };
}
