import {
  type GetPrivacySettingsRequest,
  type ListPrivacyChangesRequest,
  OnFailure as OnFailureNumber,
  UpdatePrivacySettingsRequest,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { decodeDuration } from '../messages/codec.js';
import { pageLimit } from '../messages/pagination.js';
import * as check from '../messages/validate.js';
import { decodeOrder } from './update.js';

export function decodeRead({ instance, maxAge }: GetPrivacySettingsRequest) {
  check.refuse(check.instanceName('instance', instance), check.duration('max_age', maxAge));
  return { instance, maxAgeMs: maxAge && decodeDuration(maxAge) };
}

/** A request that holds nothing but the instance. */
export function decodeInstance({ instance }: { instance: string }) {
  check.refuse(check.instanceName('instance', instance));
  return { instance };
}

export function decodeListChanges({ instance, pageSize, pageToken }: ListPrivacyChangesRequest) {
  check.refuse(check.instanceName('instance', instance), check.pageSize(pageSize));
  return { instance, limit: pageLimit(pageSize), before: pageToken || undefined };
}

export function decodeUpdate(request: UpdatePrivacySettingsRequest) {
  const { instance, requestId } = request;
  check.refuse(
    check.settings(request),
    check.instanceName('instance', instance),
    check.optionalEnum('on_failure', OnFailureNumber, request.onFailure),
    check.unlessEmpty(requestId, check.requestId),
  );
  return {
    instance,
    content: () => UpdatePrivacySettingsRequest.encode({ ...request, requestId: '' }).finish(),
    order: { ...decodeOrder(request), etag: request.etag || undefined },
  };
}
