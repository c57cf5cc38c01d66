import {
  type ApplyPrivacySettingsRequest,
  PrivacyServiceService,
  UpdatePrivacySettingsRequest,
  UpdatePrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Call } from '../../calls/handler.js';
import type { InnerStatus } from '../../errors/statuses.js';
import { answerOfOne, type Fleet } from '../fleet/fleet.js';
import { updateAfterLoss } from './after-loss.js';
import { decodeUpdate } from './privacy-requests.js';
import type { Update } from './update.js';

/** What makes the updates of an Apply. */
export type ApplyMakers = {
  readonly update: Update;
  readonly statusOf: InnerStatus;
  /** Undefined where everything runs here. */
  readonly fleet: Fleet | undefined;
};

type Order = Parameters<Update>[2];

/** The Apply that an update of one instance belongs to. */
type Whole = {
  /** Within what its request_id is its own. */
  readonly scope: string;
  readonly digest: () => Uint8Array;
};

const { path: UPDATE } = PrivacyServiceService.updatePrivacySettings;
const CODECS = { request: UpdatePrivacySettingsRequest, response: UpdatePrivacySettingsResponse };

const updateHere = (
  update: Update,
  { scope, digest }: Whole,
  instance: string,
  order: Order,
  call: Call,
): Promise<UpdatePrivacySettingsResponse> =>
  update(
    { digest, scope: `${scope}/${instance}` },
    instance,
    { ...order, etag: undefined, unattended: true },
    call,
  );

/** Makes the update of one instance after another, each on the node that runs it. */
export const updatesOf = (
  { update, fleet }: ApplyMakers,
  whole: Whole,
  { request, order }: { readonly request: ApplyPrivacySettingsRequest; readonly order: Order },
  call: Call,
) => {
  // What has begun goes on when the caller leaves, and the record has to have how it ended.
  const { signal } = new AbortController();
  return (instance: string): Promise<UpdatePrivacySettingsResponse> => {
    if (!fleet) return updateHere(update, whole, instance, order, call);
    const { visibility, privacy, permissions, onFailure, validateOnly, requestId } = request;
    const settings = { visibility, privacy, permissions };
    return answerOfOne(fleet, call, {
      path: UPDATE,
      instance,
      request: { instance, ...settings, onFailure, validateOnly, etag: '', requestId },
      codecs: CODECS,
      options: { ...call.options, signal },
      note: noteOf(whole),
      here(asked, beforeSending, followsUp) {
        const options = {
          ...call.options,
          ...(beforeSending && { beforeSending }),
          ...(followsUp !== undefined && { followsUp }),
        };
        return updateHere(update, whole, instance, decodeUpdate(asked).order, { ...call, options });
      },
      afterLoss: updateAfterLoss,
    });
  };
};

/** Says beside the request which Apply it belongs to. */
const noteOf = ({ scope: applyScope, digest }: Whole) => ({
  applyScope,
  applyDigest: Buffer.from(digest()).toString('base64url'),
});

/** Makes an update that is part of an Apply on another node; undefined for one by itself. */
export function updateOfApply(
  update: Update,
  instance: string,
  order: Order,
  call: Call,
): Promise<UpdatePrivacySettingsResponse> | undefined {
  const { applyScope: scope, applyDigest } = call.context.passedOn?.note ?? {};
  if (scope === undefined || applyDigest === undefined) return undefined;
  return updateHere(
    update,
    { scope, digest: () => Buffer.from(applyDigest, 'base64url') },
    instance,
    order,
    call,
  );
}
