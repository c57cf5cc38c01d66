import { status } from '@grpc/grpc-js';
import {
  ApplyPrivacySettingsRequest,
  type ApplyPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { MOST_INSTANCES } from '../../../contract/sizes.js';
import { PrivacyError } from '../../../domain/errors.js';
import { MIN_ROOM_MS, timeLeft } from '../../../instances/account/time-left.js';
import { asCompleted } from '../../calls/as-completed.js';
import type { Call } from '../../calls/handler.js';
import { digestOf, type Idempotent, type IdempotentRequest } from '../../calls/idempotent.js';
import type { InnerStatus } from '../../errors/statuses.js';
import { accept } from '../../messages/checked.js';
import * as check from '../../messages/validate.js';
import { type Update, updateOptions } from './update.js';

/** Instances of one call that are updated at the same time. */
const AT_ONCE = 16;
/** Kept free before the caller's time is over, so that the last ends and the status arrive. */
const ROOM_MS = 500;
/** What an ACCOUNT token covers; no instance has this name. */
const EVERY_INSTANCE = '*';

type ApplyOrder = ReturnType<typeof decodeApply>;

export function decodeApply(request: ApplyPrivacySettingsRequest) {
  const { instances, ...order } = accept({
    wishes: check.settings(request),
    instances: check.instanceNames('instances', request.instances, { least: 1, most: MOST_INSTANCES }),
    ...updateOptions(request),
  });
  return {
    instances,
    content: () => ApplyPrivacySettingsRequest.encode({ ...request, requestId: '' }).finish(),
    order: { ...order, etag: undefined, unattended: true as const },
  };
}

/** Makes the same update on every instance and tells of each as it ends. */
export const apply = (answerOnce: Idempotent, update: Update, statusOf: InnerStatus) =>
  async function* (
    { instances, content, order }: ApplyOrder,
    call: Call,
  ): AsyncGenerator<ApplyPrivacySettingsResponse> {
    const { method, options } = call;
    const digest = digestOf(method, content);
    // Whoever has the token of one instance must not stand in the way of another's.
    const scope = `${method.name}/${call.principal.instance ?? EVERY_INSTANCE}`;
    const { requestId } = order;
    await claim(answerOnce, { method, scope, digest, requestId, signal: options.signal });
    const shorter = { ...call, options: { ...options, deadline: options.deadline - ROOM_MS } };
    const updateOne = (instance: string) =>
      update({ digest, scope: `${scope}/${instance}` }, instance, order, shorter);
    const mayBegin = () => !options.signal.aborted && timeLeft(shorter.options) > MIN_ROOM_MS;

    const succeeded = new Set<number>();
    let doneCount = 0;
    let outOfTime = false;
    for await (const { index, result } of asCompleted(instances, AT_ONCE, updateOne, mayBegin)) {
      const end = { index, instance: instances[index] ?? '', doneCount: ++doneCount };
      const totalCount = instances.length;
      if (result.status === 'fulfilled') {
        succeeded.add(index);
        yield { ...end, totalCount, result: { $case: 'success', value: result.value } };
      } else {
        const value = statusOf(result.reason, call);
        outOfTime ||= value.code === status.DEADLINE_EXCEEDED;
        yield { ...end, totalCount, result: { $case: 'error', value } };
      }
    }
    if (succeeded.size === instances.length) return;

    outOfTime ||= doneCount < instances.length && !options.signal.aborted;
    const failedIndexes = [...instances.keys()].filter(index => !succeeded.has(index));
    const counts = { succeededCount: succeeded.size, failedCount: failedIndexes.length };
    throw new PrivacyError(
      outOfTime ? { kind: 'DEADLINE_TOO_SHORT' } : { kind: 'PARTIAL_UPDATE', ...counts },
      { apply: { succeededCount: succeeded.size, failedIndexes } },
    );
  };

/** Refuses a request_id that came with another request; the answers themselves are kept by instance. */
const claim = (
  answerOnce: Idempotent,
  request: Omit<IdempotentRequest<unknown>, 'subject' | 'codec'>,
): Promise<unknown> =>
  answerOnce({ ...request, subject: undefined, codec: NOTHING }, async () => ({
    response: undefined,
    keep: 'yes',
  }));

const NOTHING = { encode: () => ({ finish: () => Buffer.of() }), decode: () => undefined };
