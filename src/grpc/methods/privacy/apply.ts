import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import {
  ApplyPrivacySettingsRequest,
  type ApplyPrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { covers } from '../../../access/permits.js';
import { MOST_INSTANCES } from '../../../contract/sizes.js';
import { PrivacyError } from '../../../domain/errors.js';
import { shortTurn } from '../../../domain/time/turns.js';
import { MIN_ROOM_MS, timeLeft } from '../../../instances/account/time-left.js';
import type { Instances } from '../../../instances/instances.js';
import { asCompleted, type Width } from '../../calls/as-completed.js';
import type { Call } from '../../calls/handler.js';
import { digestOf, type Idempotent, type IdempotentRequest } from '../../calls/idempotent.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept, type Checked, valid, violation } from '../../messages/checked.js';
import { selectionOf } from '../../messages/selection.js';
import * as check from '../../messages/validate.js';
import { type ApplyMakers, updatesOf } from './apply-one.js';
import { type ApplyRecords, applyKey, applyScope, type Result } from './apply-records.js';
import { updateOptions } from './update.js';

/**
 * How many instances of one call are updated at the same time. Their connections are their own, so that what bounds them
 * is this node: beyond the least one more begins with each turn of the event loop that leaves room for it.
 */
export const WIDTH: Width = { atLeast: 16, atMost: 128, room: shortTurn };
/** Kept free before the caller's time is over, so that the last ends and the status arrive. */
const ROOM_MS = 500;

type ApplyOrder = ReturnType<typeof decodeApply>;

export function decodeApply(request: ApplyPrivacySettingsRequest) {
  const {
    instances: named,
    selector,
    detached,
    ...order
  } = accept({
    wishes: check.settings(request),
    instances: check.instanceNames('instances', request.instances, {
      least: request.labelSelector === '' ? 1 : 0,
      most: MOST_INSTANCES,
    }),
    selector: checkLabels.inPlaceOfNames(request.labelSelector, request.instances),
    detached: detachment(request),
    ...updateOptions(request),
  });
  return {
    named,
    selector,
    detached,
    request,
    // The same order, whether its caller stays or not.
    content: () =>
      ApplyPrivacySettingsRequest.encode({ ...request, requestId: '', detached: false }).finish(),
    order: { ...order, etag: undefined },
  };
}

/** Whoever leaves must be able to come back for the results. */
const detachment = ({ detached, requestId }: ApplyPrivacySettingsRequest): Checked<boolean> =>
  detached && requestId === ''
    ? violation('request_id', 'REQUIRED', 'request_id is required with detached')
    : valid(detached);

/** Makes the same update on every instance and tells of each as it ends. */
export const apply = (all: Instances, answerOnce: Idempotent, makers: ApplyMakers, records: ApplyRecords) =>
  async function* (
    { named, selector, content, request, order }: ApplyOrder,
    call: Call,
  ): AsyncGenerator<ApplyPrivacySettingsResponse> {
    const { method, principal, options } = call;
    const digest = digestOf(method, content);
    const scope = applyScope(principal);
    const { requestId } = order;
    const select = () => (named.length > 0 ? [] : atMost(all.select(selectionOf(principal, selector))));
    const { selected, isFirst } = await claim(
      answerOnce,
      { method, scope, digest, requestId, signal: options.signal },
      select,
    );
    const instances = named.length > 0 ? named : selected;
    const record =
      requestId === ''
        ? undefined
        : await records.begin(applyKey(principal, requestId), instances, isFirst, digest());
    const shorter = { ...call, options: { ...options, deadline: options.deadline - ROOM_MS } };
    const updateEach = updatesOf(makers, { scope, digest }, { request, order }, shorter);
    const updateOne = async (instance: string): Promise<Result> => {
      try {
        if (all.labelsOf(instance) === undefined) await makers.fleet?.lookUp(instance);
        if (!covers(principal, { name: instance, labels: all.labelsOf(instance) }))
          throw new PrivacyError({ kind: 'SCOPE_DENIED', method: method.fullName, instance });
        return { $case: 'success', value: await updateEach(instance) };
      } catch (error) {
        return { $case: 'error', value: makers.statusOf(error, call) };
      }
    };
    const recorded = (instance: string, index: number) => {
      const run = () => updateOne(instance);
      return record ? record.keep(index, instance, run) : run();
    };
    const mayBegin = () => !options.signal.aborted && timeLeft(shorter.options) > MIN_ROOM_MS;

    const succeeded = new Set<number>();
    let doneCount = 0;
    let outOfTime = false;
    const totalCount = instances.length;
    try {
      for await (const { index, result } of asCompleted(instances, WIDTH, recorded, mayBegin)) {
        if (result.$case === 'success') succeeded.add(index);
        else outOfTime ||= result.value.code === status.DEADLINE_EXCEEDED;
        yield { index, instance: instances[index] ?? '', doneCount: ++doneCount, totalCount, result };
      }
    } finally {
      await record?.end();
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
async function claim(
  answerOnce: Idempotent,
  request: Omit<IdempotentRequest<unknown>, 'subject' | 'codec'>,
  select: () => readonly string[],
): Promise<{ selected: readonly string[]; isFirst: boolean }> {
  const mine = randomUUID();
  const { by, names } = await answerOnce({ ...request, subject: undefined, codec: CLAIM }, async () => {
    return { response: { by: mine, names: select() }, keep: 'first' };
  });
  return { selected: names, isFirst: by === mine };
}

type Claim = { readonly by: string; readonly names: readonly string[] };

/** The names, behind whose claim it is. */
const CLAIM = {
  encode: ({ by, names }: Claim) => ({ finish: () => Buffer.from([`#${by}`, ...names].join()) }),
  decode(bytes: Uint8Array): Claim {
    const words = Buffer.from(bytes).toString().split(',');
    const [first = ''] = words;
    // One that an earlier version kept is nobody's any more.
    const by = first.startsWith('#') ? first.slice(1) : '';
    return { by, names: words.slice(by === '' ? 0 : 1).filter(name => name !== '') };
  },
};

function atMost(names: readonly string[]): readonly string[] {
  if (names.length <= MOST_INSTANCES) return names;
  const description = `label_selector must match at most ${MOST_INSTANCES} instances, and matches ${names.length}`;
  throw new PrivacyError({
    kind: 'INVALID_REQUEST',
    violations: [{ field: 'label_selector', reason: 'OUT_OF_RANGE', description }],
  });
}
