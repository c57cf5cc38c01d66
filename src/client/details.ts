import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from '../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../gen/ts/google/rpc/status.js';
import { PrivacyApplyFailure, PrivacyUpdateFailure } from '../../gen/ts/whatsapp/privacy/v1/errors.js';

/** The details of a status by type; each type comes at most once. */
export type StatusDetails = {
  readonly 'google.rpc.ErrorInfo'?: ErrorInfo;
  readonly 'google.rpc.RequestInfo'?: RequestInfo;
  readonly 'google.rpc.BadRequest'?: BadRequest;
  readonly 'google.rpc.ResourceInfo'?: ResourceInfo;
  readonly 'google.rpc.PreconditionFailure'?: PreconditionFailure;
  readonly 'google.rpc.QuotaFailure'?: QuotaFailure;
  readonly 'google.rpc.RetryInfo'?: RetryInfo;
  readonly 'whatsapp.privacy.v1.PrivacyUpdateFailure'?: PrivacyUpdateFailure;
  readonly 'whatsapp.privacy.v1.PrivacyApplyFailure'?: PrivacyApplyFailure;
};

type TypeName = keyof StatusDetails;
type Codec<T> = { decode(bytes: Uint8Array): T; toJSON(message: T): unknown };

/** How each type is read. */
export const DETAIL_TYPES: { readonly [T in TypeName]-?: Codec<NonNullable<StatusDetails[T]>> } = {
  'google.rpc.ErrorInfo': ErrorInfo,
  'google.rpc.RequestInfo': RequestInfo,
  'google.rpc.BadRequest': BadRequest,
  'google.rpc.ResourceInfo': ResourceInfo,
  'google.rpc.PreconditionFailure': PreconditionFailure,
  'google.rpc.QuotaFailure': QuotaFailure,
  'google.rpc.RetryInfo': RetryInfo,
  'whatsapp.privacy.v1.PrivacyUpdateFailure': PrivacyUpdateFailure,
  'whatsapp.privacy.v1.PrivacyApplyFailure': PrivacyApplyFailure,
};

/** The type that a detail names; one that a newer contract may have is no TypeName. */
export const typeNameOf = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

/** Whether this version can read details of the type. */
export const isKnownType = (name: string): name is TypeName => Object.hasOwn(DETAIL_TYPES, name);

/**
 * The status of a failure: of what a call rejected with, or itself when it stands inside a message, as in
 * ApplyPrivacySettingsResponse. Without details when it came with none, or they are broken.
 */
export function statusOf(failure: unknown): Status {
  if (isStatus(failure)) return failure;
  const { metadata } = Object(failure) as { metadata?: { get?(key: string): unknown[] } };
  const [bytes] = metadata?.get?.('grpc-status-details-bin') ?? [];
  try {
    return Status.decode(bytes instanceof Uint8Array ? bytes : Buffer.of());
  } catch {
    return Status.create();
  }
}

/** The details of a failure by type: of what a call rejected with, or of a Status inside a message. */
export function detailsOf(failure: unknown): StatusDetails {
  try {
    const known = statusOf(failure).details.flatMap(({ typeUrl, value }) => {
      const name = typeNameOf(typeUrl);
      return isKnownType(name) ? [[name, DETAIL_TYPES[name].decode(value)]] : [];
    });
    return Object.fromEntries(known) as StatusDetails;
  } catch {
    return {};
  }
}

/** A ServiceError has `details` too: its text. */
const isStatus = (failure: unknown): failure is Status =>
  typeof failure === 'object' && failure !== null && 'details' in failure && Array.isArray(failure.details);
