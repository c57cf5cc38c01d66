import { type ServiceError, status } from '@grpc/grpc-js';
import type { Status } from '../../../gen/ts/google/rpc/status.js';
import { detailsOf, type StatusDetails } from '../../client/details.js';
import { reasonOf } from '../../client/failures.js';
import { inSeconds } from '../terminal/duration.js';
import { plain } from '../terminal/output.js';
import { detailsJson } from './details-json.js';
import { outcomesTable } from './settings-text.js';

/** A failed call as one JSON document. */
export function failureJson(error: ServiceError): object {
  return {
    error: {
      code: status[error.code],
      reason: reasonOf(error),
      message: error.details,
      requestId: requestIdOf(error, detailsOf(error)),
      details: detailsJson(error),
    },
  };
}

/** A failed call in words: the status, what is wrong, what became of each setting, and what to do. */
export function failureText(error: ServiceError, address: string): string {
  const details = detailsOf(error);
  const reason = reasonOf(error);
  const outcomes = details['whatsapp.privacy.v1.PrivacyUpdateFailure']?.outcomes;
  return [
    `${[status[error.code], reason].filter(Boolean).join(' ')}: ${plain(error.details)}`,
    ...remarks(details).map(remark => `  ${plain(remark)}`),
    ...(reason === undefined && error.code === status.UNAVAILABLE ? [notReached(address)] : []),
    ...(outcomes ? [outcomesTable(outcomes)] : []),
    ...(requestIdOf(error, details) ? [`  request id ${plain(requestIdOf(error, details) ?? '')}`] : []),
  ].join('\n');
}

/** What happened to one of several instances, as part of a JSON document. */
export function innerErrorJson(error: Status): object {
  return {
    code: status[error.code],
    reason: reasonOf(error),
    message: error.message,
    details: detailsJson(error),
  };
}

/** What happened to one of several instances, in a line. */
export const innerErrorText = (error: Status): string =>
  `${reasonOf(error) ?? status[error.code]}: ${error.message}`;

function remarks(details: StatusDetails): string[] {
  const delay = details['google.rpc.RetryInfo']?.retryDelay;
  return [
    ...(details['google.rpc.BadRequest']?.fieldViolations ?? []).map(({ field, description }) =>
      [field, description].filter(Boolean).join(': '),
    ),
    ...(details['google.rpc.PreconditionFailure']?.violations ?? []).map(
      ({ subject, description }) => `${subject}: ${description}`,
    ),
    ...(details['google.rpc.QuotaFailure']?.violations ?? []).map(({ description }) => description),
    ...(delay ? [`try again in ${inSeconds(delay)} s`] : []),
  ];
}

/** Without details it was not the service that answered. */
const notReached = (address: string) =>
  `  is the service running at ${address}? (wa-privacy serve, or --server)`;

const requestIdOf = ({ metadata }: ServiceError, details: StatusDetails): string | undefined =>
  details['google.rpc.RequestInfo']?.requestId ?? metadata.get('x-request-id')[0]?.toString();
