import {
  type GetPrivacySettingsRequest,
  ListPrivacyChangesRequest,
  UpdatePrivacySettingsRequest,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Caller } from '../../calls/handler.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept } from '../../messages/checked.js';
import * as history from '../../messages/history-codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';
import { updateOptions } from './update.js';

export function decodeRead({ instance, maxAge }: GetPrivacySettingsRequest) {
  return accept({
    instance: check.instanceName('instance', instance),
    maxAgeMs: check.duration('max_age', maxAge),
  });
}

/** A request that holds nothing but the instance. */
export function decodeInstance({ instance }: { instance: string }) {
  return accept({ instance: check.instanceName('instance', instance) });
}

export const decodeListChanges = (pageOf: PageOf) => (request: ListPrivacyChangesRequest, caller: Caller) => {
  const { instance, page, selector, startAfter, ...filter } = accept({
    instance: check.unlessEmpty(request.instance, name => check.instanceName('instance', name)),
    page: pageOf(ListPrivacyChangesRequest, request, caller),
    selector: checkLabels.inPlaceOfNames(
      request.labelSelector,
      request.instance === '' ? [] : [request.instance],
    ),
    startAfter: history.startAfter(request.startAfter),
    ...history.historyFilter(request),
  });
  return { page, startAfter, names: instance === '' ? [] : [instance], selector, filter };
};

export function decodeUpdate(request: UpdatePrivacySettingsRequest) {
  const { instance, ...order } = accept({
    wishes: check.settings(request),
    instance: check.instanceName('instance', request.instance),
    ...updateOptions(request),
  });
  return {
    instance,
    content: () => UpdatePrivacySettingsRequest.encode({ ...request, requestId: '' }).finish(),
    order: { ...order, etag: request.etag || undefined },
  };
}
