import type { status } from '@grpc/grpc-js';
import type { Any } from '../../../gen/ts/google/protobuf/any.js';
import * as rpc from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import {
  PrivacyApplyFailure,
  PrivacyUpdateFailure,
  type SettingOutcome,
} from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { truncateEncoded } from '../messages/truncate.js';
import type { Details } from './details.js';

/** Above this, clients built on the C core see RESOURCE_EXHAUSTED in place of the status. */
const MOST_STATUS_BYTES = 6144;
const MOST_MESSAGE_BYTES = 500;
/** Kept free in a status without RequestInfo, so that one can be added: 128 bytes of id and its type. */
const REQUEST_INFO_BYTES = 180;

const changeOutcomes = (details: Details, change: (outcome: SettingOutcome) => SettingOutcome): Details => ({
  ...details,
  updateFailure: details.updateFailure && {
    ...details.updateFailure,
    outcomes: details.updateFailure.outcomes.map(change),
  },
});

const keepViolations = (details: Details, most: number): Details => ({
  ...details,
  badRequest: details.badRequest && {
    fieldViolations: details.badRequest.fieldViolations.slice(0, most),
  },
});

/** What is dropped, in turn, while a status is too large. */
const REDUCTIONS: ((details: Details) => Details)[] = [
  details => ({
    ...details,
    updateFailure: details.updateFailure && { ...details.updateFailure, settings: undefined },
  }),
  details => changeOutcomes(details, outcome => ({ ...outcome, message: '' })),
  details => keepViolations(details, 10),
  details => keepViolations(details, 5),
  // Only values that no WhatsApp server has ever sent can make this one necessary.
  details => changeOutcomes(details, outcome => ({ ...outcome, previousValue: '' })),
];

/** A status that every client can receive: at most 6 KiB, and of the message what fits. */
export function statusWithin6KiB(code: status, text: string, details: Details): Status {
  const message = truncateEncoded(text, MOST_MESSAGE_BYTES);
  const limit = MOST_STATUS_BYTES - (details.requestInfo ? 0 : REQUEST_INFO_BYTES);
  let kept = details;
  let body = { code, message, details: encodeDetails(kept) };
  for (const reduce of REDUCTIONS) {
    if (Status.encode(body).finish().length <= limit) break;
    kept = reduce(kept);
    body = { code, message, details: encodeDetails(kept) };
  }
  return body;
}

/** The status as it was, with the RequestInfo of another call. */
export function withRequestInfo(body: Status, requestId: string): Status {
  const [errorInfo, ...others] = body.details;
  const requestInfo = any('google.rpc.RequestInfo', rpc.RequestInfo, { requestId, servingData: '' });
  return { ...body, details: [...(errorInfo ? [errorInfo] : []), ...requestInfo, ...others] };
}

const REQUEST_INFO = 'type.googleapis.com/google.rpc.RequestInfo';

/** The status as it was, with none. */
export const withoutRequestInfo = (body: Status): Status => ({
  ...body,
  details: body.details.filter(({ typeUrl }) => typeUrl !== REQUEST_INFO),
});

function encodeDetails(details: Details): Any[] {
  return [
    ...any('google.rpc.ErrorInfo', rpc.ErrorInfo, details.errorInfo),
    ...any('google.rpc.RequestInfo', rpc.RequestInfo, details.requestInfo),
    ...any('google.rpc.BadRequest', rpc.BadRequest, details.badRequest),
    ...any('google.rpc.ResourceInfo', rpc.ResourceInfo, details.resourceInfo),
    ...any('google.rpc.PreconditionFailure', rpc.PreconditionFailure, details.preconditionFailure),
    ...any('google.rpc.RetryInfo', rpc.RetryInfo, details.retryInfo),
    ...any('google.rpc.QuotaFailure', rpc.QuotaFailure, details.quotaFailure),
    ...any('whatsapp.privacy.v1.PrivacyUpdateFailure', PrivacyUpdateFailure, details.updateFailure),
    ...any('whatsapp.privacy.v1.PrivacyApplyFailure', PrivacyApplyFailure, details.applyFailure),
  ];
}

const any = <Message>(
  type: string,
  codec: { encode(message: Message): { finish(): Uint8Array } },
  message: Message | undefined,
): Any[] =>
  message === undefined
    ? []
    : [{ typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(codec.encode(message).finish()) }];
