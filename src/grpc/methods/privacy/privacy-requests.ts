import {
  type GetPrivacySettingsRequest,
  type ListPrivacyChangesRequest,
  UpdatePrivacySettingsRequest,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { accept } from '../../messages/checked.js';
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

export function decodeListChanges({ instance, pageSize, pageToken }: ListPrivacyChangesRequest) {
  const page = accept({
    instance: check.instanceName('instance', instance),
    limit: check.pageSize(pageSize),
  });
  return { ...page, before: pageToken || undefined };
}

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
