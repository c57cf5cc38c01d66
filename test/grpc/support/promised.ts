import { REASON_COMMENTS } from './documented-errors.js';

/** One error of one method: `PrivacyService/GetPrivacySettings`, `NOT_FOUND`, `INSTANCE_NOT_FOUND`. */
type MethodError = { readonly method: string; readonly code: string; readonly reason: string };

/** What follows ErrorInfo and RequestInfo in the details, by reason and else by status. */
const FURTHER: Readonly<Record<string, readonly string[]>> = {
  INVALID_ARGUMENT: ['google.rpc.BadRequest'],
  MALFORMED_MESSAGE: [],
  MESSAGE_TOO_LARGE: [],
  NOT_FOUND: ['google.rpc.ResourceInfo'],
  ALREADY_EXISTS: ['google.rpc.ResourceInfo'],
  REQUEST_ID_REUSED: [],
  FAILED_PRECONDITION: ['google.rpc.PreconditionFailure'],
  RESOURCE_EXHAUSTED: ['google.rpc.RetryInfo'],
  RATE_LIMITED: ['google.rpc.RetryInfo', 'google.rpc.QuotaFailure'],
  UNAVAILABLE: ['google.rpc.RetryInfo'],
};
/** The statuses with which an update tells its outcomes, and the reasons that come before there is an update. */
const OF_UPDATES = [
  'FAILED_PRECONDITION',
  'ABORTED',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
];
const NO_UPDATE = [
  'RATE_LIMITED',
  'MESSAGE_TOO_LARGE',
  'SHUTTING_DOWN',
  'STORE_UNAVAILABLE',
  'INSTANCE_MOVED',
];
/** The pushback of those that are not to be repeated as they are; with RetryInfo it is that delay, up to 10 s. */
const PUSHBACK: Readonly<Record<string, string>> = {
  ABORTED: '-1',
  DEADLINE_EXCEEDED: '-1',
  RESOURCE_EXHAUSTED: '-1',
};

/** The types of the details that the contract gives to an error, in order. */
export const promisedDetails = (error: MethodError): string[] => [
  'google.rpc.ErrorInfo',
  'google.rpc.RequestInfo',
  ...(FURTHER[error.reason] ?? FURTHER[error.code] ?? []),
  ...report(error),
];

const UPDATE = ['whatsapp.privacy.v1.PrivacyUpdateFailure'];
const APPLY = ['whatsapp.privacy.v1.PrivacyApplyFailure'];

/** What became of an update that was begun, or could have been. */
function report({ method, code, reason }: MethodError): string[] {
  switch (method) {
    case 'PrivacyService/UpdatePrivacySettings':
      return OF_UPDATES.includes(code) && !NO_UPDATE.includes(reason) ? UPDATE : [];
    case 'PrivacyService/ApplyPrivacySettings':
      return ['PARTIAL_UPDATE', 'DEADLINE_TOO_SHORT'].includes(reason) ? APPLY : [];
    case 'PrivacyService/UpdateContactBlacklist':
      return reason === 'PARTIAL_UPDATE' ? UPDATE : [];
    default:
      return [];
  }
}

/** The pushback that goes with a status and, in milliseconds, the delay of RetryInfo and the time that the call had. */
export const promisedPushback = (
  code: string,
  delayMs: number | undefined,
  deadlineMs = Number.POSITIVE_INFINITY,
): string[] => {
  const mostMs = Math.min(10_000, deadlineMs / 2);
  const pushback = delayMs === undefined ? PUSHBACK[code] : String(delayMs > mostMs ? -1 : delayMs);
  return pushback === undefined ? [] : [pushback];
};

/** Whether the comment of a reason names a key of its metadata. */
export const isDocumentedKey = (reason: string, key: string): boolean =>
  new RegExp(`["\`]${key}["\`]`).test(REASON_COMMENTS[reason] ?? '');
