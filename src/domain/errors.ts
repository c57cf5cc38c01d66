import type { InstanceState } from './instance.js';
import type { ApplyReport, UpdateReport } from './outcome.js';
import type { Setting } from './settings/settings-table.js';

/** The reasons of `BadRequest.FieldViolation`. */
export type ViolationReason =
  | 'REQUIRED'
  | 'UNKNOWN_VALUE'
  | 'UNKNOWN_FIELD'
  | 'INVALID_FORMAT'
  | 'OUT_OF_RANGE'
  | 'DUPLICATE'
  | 'CONFLICTING'
  | 'READ_ONLY'
  | 'CONTACT_UNKNOWN';

/** One thing that is wrong with a request. */
export type Violation = {
  /** The proto path, `visibility.last_seen`; empty when the request as a whole is wrong. */
  readonly field: string;
  readonly reason: ViolationReason;
  readonly description: string;
  /** The setting, for READ_ONLY. */
  readonly setting?: Setting;
  /** The value as sent and the valid ones, when the description quotes them. */
  readonly value?: string;
  readonly validValues?: string;
  /** The names by which JSON writes the valid values. */
  readonly validEnumValues?: string;
};

/** Who has to go on when an account is linked with its passkey. */
export type PasskeyWait =
  /** Whoever has the passkey. */
  | 'ASSERTION'
  /** Whoever compares the codes. */
  | 'CONFIRMATION'
  | 'PHONE';

/** What of a call is not as gRPC's protocol wants it. */
export type CallPart =
  /** `grpc-timeout`. */
  | 'TIMEOUT'
  /** `grpc-encoding` names what this service does not know. */
  | 'MESSAGE_ENCODING'
  /** Its bytes cannot be decompressed, or not be read. */
  | 'MESSAGE'
  /** None or several where there must be one; one cut off is none. */
  | 'MESSAGE_COUNT';

/** WhatsApp's side of a failure. */
type WhatsAppFailure = {
  readonly instance: string;
  /** Absent from a read. */
  readonly setting?: Setting;
  readonly whatsappCode?: number;
};

/**
 * What can go wrong that a caller can act on. The kind is the `ErrorInfo.reason` of the contract, whose
 * `ErrorReason` enum documents each; the data becomes its metadata and details.
 */
export type Problem =
  | { kind: 'INVALID_REQUEST' | 'SETTING_READ_ONLY'; violations: readonly Violation[] }
  | { kind: 'CONTACT_UNKNOWN'; instance: string; setting: Setting; violations: readonly Violation[] }
  | { kind: 'MALFORMED_MESSAGE' | 'METHOD_UNKNOWN'; method: string }
  | { kind: 'MESSAGE_TOO_LARGE'; maximumBytes: number }
  | { kind: 'MALFORMED_CALL'; part: CallPart }
  | { kind: 'TOKEN_MISSING' | 'TOKEN_INVALID' | 'CERTIFICATE_MISMATCH' }
  | { kind: 'SCOPE_DENIED'; method: string; instance?: string }
  | { kind: 'INSTANCE_NOT_FOUND' | 'INSTANCE_ALREADY_EXISTS'; instance: string }
  /** Of the instance that has it. */
  | { kind: 'DEVICE_IN_USE'; instance: string }
  /** Another node runs it by now, or one soon will. */
  | { kind: 'INSTANCE_MOVED'; instance: string; retryAfterMs: number }
  | { kind: 'TOKEN_NOT_FOUND'; tokenId: string }
  | { kind: 'NODE_NOT_FOUND'; nodeId: string }
  | { kind: 'REQUEST_ID_REUSED' | 'APPLY_NOT_FOUND'; requestId: string }
  | { kind: 'INSTANCE_NOT_LINKED'; instance: string; state: 'UNLINKED' | 'LINKING' }
  | { kind: 'INSTANCE_LOGGED_OUT' | 'INSTANCE_ALREADY_LINKED'; instance: string }
  | { kind: 'INSTANCE_SUSPENDED'; instance: string; nextAttemptTime?: Date | undefined }
  | {
      kind: 'INSTANCE_NOT_CONNECTED';
      instance: string;
      state: InstanceState;
      nextAttemptTime?: Date | undefined;
      retryAfterMs?: number;
    }
  | { kind: 'SETTING_NOT_AVAILABLE' | 'SETTING_LOCKED'; instance: string; settings: readonly Setting[] }
  | { kind: 'ETAG_MISMATCH'; instance: string; etag: string; currentEtag: string }
  | { kind: 'LINK_IN_PROGRESS' | 'LINK_TIMED_OUT' | 'PASSKEY_REQUIRED'; instance: string }
  | { kind: 'PASSKEY_NOT_AWAITED' | 'PASSKEY_MISMATCH'; instance: string }
  | { kind: 'PASSKEY_TIMED_OUT'; instance: string; waitedFor: PasskeyWait }
  | { kind: 'PASSKEY_REFUSED'; instance: string; whatsappCode?: number; whatsappText?: string }
  | { kind: 'LINK_OTHER_ACCOUNT'; instance: string; maskedPhoneNumber: string }
  | { kind: 'PARTIAL_UPDATE'; instance: string; setting: Setting }
  /** Of an update of many instances. */
  | { kind: 'PARTIAL_UPDATE'; succeededCount: number; failedCount: number }
  | {
      kind: 'RATE_LIMITED';
      limit: number;
      periodSeconds?: number;
      /** Whose limit it is: a token's id, `clientip:…`, `instance:…`, `phonenumber:…` or `node`. */
      subject: string;
      /** What is counted, in the plural; without a period those under way. Calls when not said. */
      unit?: string;
      retryAfterMs: number;
    }
  | ({ kind: 'WHATSAPP_RATE_LIMITED'; retryAfterMs: number } & WhatsAppFailure)
  | ({ kind: 'WHATSAPP_REJECTED'; whatsappText?: string } & WhatsAppFailure)
  | ({ kind: 'WHATSAPP_TIMEOUT' | 'CONNECTION_LOST'; retryAfterMs?: number } & Omit<
      WhatsAppFailure,
      'whatsappCode'
    >)
  | ({ kind: 'WHATSAPP_UNCLEAR'; retryAfterMs?: number } & WhatsAppFailure)
  | ({ kind: 'BLACKLIST_CONFLICT' } & WhatsAppFailure)
  | { kind: 'CLIENT_OUTDATED'; instance: string; version: string; ageDays: number; retryAfterMs?: number }
  | { kind: 'PROXY_FAILED'; instance: string; proxyText: string; retryAfterMs?: number }
  | { kind: 'DEADLINE_TOO_SHORT'; instance?: string }
  | { kind: 'SHUTTING_DOWN' | 'STORE_UNAVAILABLE' | 'BACKUP_NOT_SUPPORTED' | 'SINGLE_NODE' };

/** The name of a problem. */
export type Reason = Problem['kind'];

/** The one error class: a problem as data, and for a failed update what became of each setting or instance. */
export class PrivacyError extends Error {
  readonly problem: Problem;
  readonly update: UpdateReport | undefined;
  readonly apply: ApplyReport | undefined;

  /** @param message The text for the caller; by default made from the problem where it becomes a status. */
  constructor(
    problem: Problem,
    options: { message?: string; update?: UpdateReport; apply?: ApplyReport; cause?: unknown } = {},
  ) {
    super(options.message ?? problem.kind, { cause: options.cause });
    this.name = 'PrivacyError';
    this.problem = problem;
    this.update = options.update;
    this.apply = options.apply;
  }
}

/** By then another node has it, or is about to. */
const MOVED_RETRY_MS = 1_000;

/** What a call about an instance is told that this node runs no longer: nothing was changed. */
export const instanceMoved = (instance: string): PrivacyError =>
  new PrivacyError({ kind: 'INSTANCE_MOVED', instance, retryAfterMs: MOVED_RETRY_MS });
