import {
  OnFailure as OnFailureNumber,
  onFailureToJSON,
  UpdatePrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Instances } from '../../../instances/instances.js';
import type { UpdateOrder } from '../../../instances/ports/orders.js';
import type { Call } from '../../calls/handler.js';
import type { Idempotent, IdempotentRequest } from '../../calls/idempotent.js';
import { valid } from '../../messages/checked.js';
import { encodeOutcomes, encodeSnapshot } from '../../messages/codec.js';
import * as check from '../../messages/validate.js';

/** What the requests of all updates have in common. */
type UpdateRequest = {
  readonly onFailure: OnFailureNumber;
  readonly validateOnly: boolean;
  readonly requestId: string;
};

/** How settings are to be changed; `on_failure` is STOP when not said. */
export const updateOptions = ({ onFailure, validateOnly, requestId }: UpdateRequest) => ({
  onFailure: check.requiredEnum(
    'on_failure',
    OnFailureNumber,
    onFailureToJSON,
    onFailure || OnFailureNumber.STOP,
  ),
  validateOnly: valid(validateOnly),
  requestId: check.unlessEmpty(requestId, check.requestId),
});

/** Updates one instance; a repetition of the request gets the first answer if something was sent then. */
export type Update = ReturnType<typeof updates>;

export const updates =
  (instances: Instances, answerOnce: Idempotent) =>
  async (
    named: Pick<IdempotentRequest<unknown>, 'scope' | 'digest'>,
    instance: string,
    order: Omit<UpdateOrder, 'actor'>,
    { method, principal: { tokenId, tokenDisplayName }, options }: Call,
  ): Promise<UpdatePrivacySettingsResponse> => {
    instances.get(instance); // INSTANCE_NOT_FOUND comes before what the request_id stands for.
    const request = {
      ...named,
      method,
      requestId: order.requestId,
      subject: { kind: 'account', instance } as const,
      signal: options.signal,
      codec: UpdatePrivacySettingsResponse,
    };
    return answerOnce(request, async () => {
      const actor = { tokenId, tokenDisplayName };
      const report = await instances.updateSettings(instance, { ...order, actor }, options);
      const settings = report.settings && encodeSnapshot(report.settings);
      return {
        response: { settings, outcomes: encodeOutcomes(report.outcomes) },
        keep: report.sent ? 'yes' : 'no',
      };
    });
  };
