import { status } from '@grpc/grpc-js';
import {
  ApplyPrivacySettingsRequest,
  type ApplyPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { coverage, covers } from '../../../access/permits.js';
import { MOST_INSTANCES } from '../../../contract/sizes.js';
import { PrivacyError } from '../../../domain/errors.js';
import { MIN_ROOM_MS, timeLeft } from '../../../instances/account/time-left.js';
import type { Instances } from '../../../instances/instances.js';
import { asCompleted } from '../../calls/as-completed.js';
import type { Call } from '../../calls/handler.js';
import { digestOf, type Idempotent, type IdempotentRequest } from '../../calls/idempotent.js';
import type { InnerStatus } from '../../errors/statuses.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept } from '../../messages/checked.js';
import { selectionOf } from '../../messages/selection.js';
import * as check from '../../messages/validate.js';
import { type Update, updateOptions } from './update.js';

/** Instances of one call that are updated at the same time. */
const AT_ONCE = 16;
/** Kept free before the caller's time is over, so that the last ends and the status arrive. */
const ROOM_MS = 500;

type ApplyOrder = ReturnType<typeof decodeApply>;

export function decodeApply(request: ApplyPrivacySettingsRequest) {
  const {
    instances: named,
    selector,
    ...order
  } = accept({
    wishes: check.settings(request),
    instances: check.instanceNames('instances', request.instances, {
      least: request.labelSelector === '' ? 1 : 0,
      most: MOST_INSTANCES,
    }),
    selector: checkLabels.inPlaceOfNames(request.labelSelector, request.instances),
    ...updateOptions(request),
  });
  return {
    named,
    selector,
    content: () => ApplyPrivacySettingsRequest.encode({ ...request, requestId: '' }).finish(),
    order: { ...order, etag: undefined, unattended: true as const },
  };
}

/** Makes the same update on every instance and tells of each as it ends. */
export const apply = (all: Instances, answerOnce: Idempotent, update: Update, statusOf: InnerStatus) =>
  async function* (
    { named, selector, content, order }: ApplyOrder,
    call: Call,
  ): AsyncGenerator<ApplyPrivacySettingsResponse> {
    const { method, principal, options } = call;
    const digest = digestOf(method, content);
    // Whoever has the token of one instance must not stand in the way of another's.
    const scope = `${method.name}/${coverage(principal)}`;
    const { requestId } = order;
    const select = () => (named.length > 0 ? [] : atMost(all.select(selectionOf(principal, selector))));
    const selected = await claim(
      answerOnce,
      { method, scope, digest, requestId, signal: options.signal },
      select,
    );
    const instances = named.length > 0 ? named : selected;
    const shorter = { ...call, options: { ...options, deadline: options.deadline - ROOM_MS } };
    const updateOne = async (instance: string) => {
      if (!covers(principal, { name: instance, labels: all.labelsOf(instance) }))
        throw new PrivacyError({ kind: 'SCOPE_DENIED', method: method.fullName, instance });
      return update({ digest, scope: `${scope}/${instance}` }, instance, order, shorter);
    };
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

/**
 * Refuses a request_id that came with another request; the answers themselves are kept by instance. What was selected
 * the first time is kept, so that a repetition is about the same.
 */
const claim = (
  answerOnce: Idempotent,
  request: Omit<IdempotentRequest<unknown>, 'subject' | 'codec'>,
  select: () => readonly string[],
): Promise<readonly string[]> =>
  answerOnce({ ...request, subject: undefined, codec: NAMES }, async () => ({
    response: select(),
    keep: 'yes',
  }));

const NAMES = {
  encode: (names: readonly string[]) => ({ finish: () => Buffer.from(names.join()) }),
  decode: (bytes: Uint8Array): readonly string[] =>
    Buffer.from(bytes)
      .toString()
      .split(',')
      .filter(name => name !== ''),
};

function atMost(names: readonly string[]): readonly string[] {
  if (names.length <= MOST_INSTANCES) return names;
  const description = `label_selector must match at most ${MOST_INSTANCES} instances, and matches ${names.length}`;
  throw new PrivacyError({
    kind: 'INVALID_REQUEST',
    violations: [{ field: 'label_selector', reason: 'OUT_OF_RANGE', description }],
  });
}
