import type { ServiceError } from '@grpc/grpc-js';
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { PrivacyApplyFailure, PrivacyUpdateFailure } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { inSeconds } from '../terminal/duration.js';
import { toJson } from '../terminal/output.js';

type Read<T> = { readonly message: T; readonly json: unknown };

const reader =
  <T>(type: { decode(bytes: Uint8Array): T; toJSON(message: T): unknown }) =>
  (bytes: Uint8Array): Read<T> => {
    const message = type.decode(bytes);
    return { message, json: toJson(type, message) };
  };

/** The details that the contract puts into a status. */
const READERS = {
  'google.rpc.ErrorInfo': reader(ErrorInfo),
  'google.rpc.RequestInfo': reader(RequestInfo),
  'google.rpc.BadRequest': reader(BadRequest),
  'google.rpc.ResourceInfo': reader(ResourceInfo),
  'google.rpc.PreconditionFailure': reader(PreconditionFailure),
  'google.rpc.QuotaFailure': reader(QuotaFailure),
  'google.rpc.RetryInfo': (bytes: Uint8Array): Read<RetryInfo> => {
    const message = RetryInfo.decode(bytes);
    const { retryDelay } = message; // ts-proto has no JSON form of a Duration
    return { message, json: retryDelay ? { retryDelay: `${inSeconds(retryDelay)}s` } : {} };
  },
  'whatsapp.privacy.v1.PrivacyUpdateFailure': reader(PrivacyUpdateFailure),
  'whatsapp.privacy.v1.PrivacyApplyFailure': reader(PrivacyApplyFailure),
};

type TypeName = keyof typeof READERS;

/** The details of a status by type; each type comes at most once. */
export type StatusDetails = { [T in TypeName]?: ReturnType<(typeof READERS)[T]>['message'] };

type DetailsRead = { readonly details: StatusDetails; readonly json: object[] };

/** The details of a failed call: decoded, and in their JSON form. Empty when there are none or they are broken. */
export function statusDetails(error: ServiceError): DetailsRead {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  try {
    return readDetails(Status.decode(Buffer.isBuffer(bytes) ? bytes : Buffer.of()));
  } catch {
    return { details: {}, json: [] };
  }
}

/** The details of a status. */
export function readDetails(status: Status): DetailsRead {
  const details: StatusDetails = {};
  const json: object[] = [];
  try {
    for (const { typeUrl, value } of status.details) {
      const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
      const read = name in READERS ? READERS[name as TypeName](value) : undefined;
      if (read) Object.assign(details, { [name]: read.message });
      json.push({ '@type': typeUrl, ...Object(read?.json ?? { value: value.toString('base64') }) });
    }
  } catch {
    return { details: {}, json: [] };
  }
  return { details, json };
}
