import {
  ApplyPrivacySettingsResponse,
  GetApplyResultRequest,
  GetApplyResultResponse,
  GetApplyResultResponse_State as State,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { covers } from '../../../access/permits.js';
import type { KeptApply } from '../../../access/ports.js';
import { LARGEST_ANSWER } from '../../../contract/sizes.js';
import { PrivacyError } from '../../../domain/errors.js';
import { clock } from '../../../domain/time/clock.js';
import type { Instances } from '../../../instances/instances.js';
import { askedPart } from '../../calls/call-context.js';
import type { Call, Caller } from '../../calls/handler.js';
import { accept } from '../../messages/checked.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';
import { type Fleet, PART_MS, partOf } from '../fleet/fleet.js';
import { type ApplyRecords, applyKey, decodeResult } from './apply-records.js';

type ResultOrder = ReturnType<ReturnType<typeof decodeApplyResult>>;

export const decodeApplyResult = (pageOf: PageOf) => (request: GetApplyResultRequest, caller: Caller) => ({
  ...accept({
    requestId: check.requiredRequestId(request.requestId),
    page: pageOf(GetApplyResultRequest, request, caller),
  }),
  request,
});

/** Tells how an update of many instances goes, and how the instances of a page ended. */
export const applyResult =
  (
    instances: Instances,
    records: Pick<ApplyRecords, 'isRunning' | 'find' | 'results'>,
    fleet: Fleet | undefined,
  ) =>
  async ({ requestId, page, request }: ResultOrder, call: Call): Promise<GetApplyResultResponse> => {
    const { principal } = call;
    const key = applyKey(principal, requestId);
    if (askedPart(call.context)) return whetherRunning(records.isRunning(key));
    const find = async () => {
      const apply = await records.find(key);
      if (!apply) throw new PrivacyError({ kind: 'APPLY_NOT_FOUND', requestId });
      return apply;
    };
    // Asked first: what ends meanwhile has then been kept.
    let isRunning = records.isRunning(key);
    let apply = await find();
    if (fleet && !isRunning && stateOf(apply) !== State.ENDED) {
      isRunning = await isRunningElsewhere(fleet, request, call);
      if (!isRunning) apply = await find();
    }
    const { startTime, endTime, totalCount, succeededCount, failedCount } = apply;
    const doneCount = succeededCount + failedCount;

    const from = page.after === undefined ? 0 : Number(page.after) + 1;
    const kept = await records.results(key, { from, limit: page.limit });
    const results: ApplyPrivacySettingsResponse[] = [];
    let [last, size] = [from - 1, 0];
    for (const { place, instance, status, answer } of kept) {
      const isTold =
        covers(principal, { name: instance, labels: instances.labelsOf(instance) }) &&
        (status === undefined || answer !== undefined);
      if (isTold) {
        const result = status && answer && decodeResult({ status, answer });
        const told = { index: place, instance, result, doneCount, totalCount };
        size += ApplyPrivacySettingsResponse.encode(told).finish().length;
        if (size > LARGEST_ANSWER && results.length > 0) break;
        results.push(told);
      }
      last = place;
    }
    return {
      state: isRunning ? State.RUNNING : stateOf(apply),
      startTime,
      endTime: isRunning ? undefined : endTime,
      totalCount,
      succeededCount,
      failedCount,
      results,
      nextPageToken: page.tokenAfter(last + 1 < totalCount ? String(last) : undefined),
    };
  };

const stateOf = ({ totalCount, succeededCount, failedCount }: KeptApply): State =>
  succeededCount + failedCount === totalCount ? State.ENDED : State.INTERRUPTED;

/** Whether another node is at work on it. One that does not answer is not known to be. */
async function isRunningElsewhere(
  fleet: Fleet,
  request: GetApplyResultRequest,
  call: Call,
): Promise<boolean> {
  const bytes = GetApplyResultRequest.encode(request).finish();
  const deadline = Math.min(call.options.deadline, clock() + PART_MS);
  const answers = await Promise.all(
    fleet.routing
      .others()
      .map(node => partOf(fleet, node, call, bytes, GetApplyResultResponse, { deadline })),
  );
  return answers.some(answer => answer.kind === 'answered' && answer.response.state === State.RUNNING);
}

/** All that another node asks. */
const whetherRunning = (isRunning: boolean): GetApplyResultResponse =>
  GetApplyResultResponse.fromPartial({ state: isRunning ? State.RUNNING : State.INTERRUPTED });
