import { Metadata, type ServerInterceptingCallInterface, type StatusObject, status } from '@grpc/grpc-js';
import { ErrorInfo } from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { PrivacyError } from '../../domain/errors.js';
import { camelCase } from '../../domain/settings/settings-table.js';
import { firstMissed } from '../../domain/update-status.js';
import type { Method } from '../method.js';
import type { ApiEvents } from './api-events.js';
import { DOMAIN, detailsOf, retryDelayMs } from './details.js';
import { codeOf, inWords, textOf } from './problems.js';
import { statusWithin6KiB, withRequestInfo } from './status-size.js';

/** What decides how the errors of a method are told. */
export type ToldMethod = Pick<Method, 'fullName' | 'hasOneOutcome' | 'keepsOriginWords'>;

/** A method that is none of this contract's. */
export const foreignMethod = (fullName: string): ToldMethod => ({
  fullName,
  hasOneOutcome: false,
  keepsOriginWords: false,
});

/** What a status tells besides its error. */
export type ErrorContext = {
  readonly method: ToldMethod;
  /** Undefined for a Status inside a message, which has no RequestInfo. */
  readonly requestId: string | undefined;
  readonly now: number;
};

/** The status with which a request with the same request_id ended before, or with which another node ended this one. */
export class FirstAnswer extends Error {
  readonly status: Status;
  readonly pushbackMs: number | undefined;

  /**
   * @param status Without RequestInfo.
   * @param pushbackMs What clients are told that retry by themselves; undefined for that they must not.
   */
  constructor(status: Status, pushbackMs?: number) {
    super(status.message);
    this.status = status;
    this.pushbackMs = pushbackMs;
  }
}

/** The reason of an error that callers are told; undefined for a fault of ours. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof PrivacyError) return error.problem.kind;
  const [errorInfo] = error instanceof FirstAnswer ? error.status.details : [];
  return errorInfo && ErrorInfo.decode(errorInfo.value).reason;
}

/** Turns whatever a call threw into the status to send. */
export type Answer = (error: unknown, call: AnsweredCall) => StatusObject;

/** The call that an error ends. */
type AnsweredCall = {
  readonly method: ToldMethod;
  readonly requestId: string;
  /** Tells the caller's deadline; none when not said. */
  readonly call?: Pick<ServerInterceptingCallInterface, 'getDeadline'>;
};

/** Answers errors; callers learn nothing of our own faults, whose cause goes to the log. */
export const answers =
  (log: Pick<ApiEvents, 'callFailed'>, now: () => number): Answer =>
  (error, { method, requestId, call }) => {
    if (error instanceof PrivacyError) {
      const body = statusOf(error, { method, requestId, now: now() });
      const delayMs = error.update?.sent ? undefined : retryDelayMs(error.problem, now());
      return asTrailers(body, pushbackOf(delayMs, call && Number(call.getDeadline()) - now()));
    }
    if (error instanceof FirstAnswer)
      return asTrailers(withRequestInfo(error.status, requestId), error.pushbackMs);
    log.callFailed({ requestId, method: method.fullName, cause: error });
    return asTrailers(internalStatus(requestId));
  };

/** Turns what happened to one of several instances into the Status that stands for it in a message. */
export type InnerStatus = (error: unknown, call: { method: Method; requestId: string }) => Status;

/** As `answers`, for errors inside a message: without RequestInfo. */
export const innerStatuses =
  (log: Pick<ApiEvents, 'callFailed'>, now: () => number): InnerStatus =>
  (error, { method, requestId }) => {
    if (error instanceof PrivacyError) return statusOf(error, { method, requestId: undefined, now: now() });
    if (error instanceof FirstAnswer) return error.status;
    log.callFailed({ requestId, method: method.fullName, cause: error });
    return internalStatus(undefined);
  };

/** The `google.rpc.Status` of an error, at most 6 KiB. */
export function statusOf(error: PrivacyError, context: ErrorContext): Status {
  const details = detailsOf(error, context.requestId, context.now);
  const told = tellsOutcomes(error, context.method) ? details : { ...details, updateFailure: undefined };
  return statusWithin6KiB(codeOf(error.problem), messageOf(error, context.method), told);
}

/** One outcome is what the error says, unless that is PARTIAL_UPDATE. */
const tellsOutcomes = ({ problem }: PrivacyError, { hasOneOutcome }: ToldMethod): boolean =>
  problem.kind === 'PARTIAL_UPDATE' || !hasOneOutcome;

const internalStatus = (requestId: string | undefined): Status =>
  statusWithin6KiB(status.INTERNAL, 'Internal error; the request id names it in the log of the service', {
    errorInfo: { reason: 'INTERNAL', domain: DOMAIN, metadata: {} },
    requestInfo: requestId === undefined ? undefined : { requestId, servingData: '' },
  });

/** Statuses that clients may be set to retry by themselves. */
const RETRIED = [status.ABORTED, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.UNAVAILABLE];

/** Tells clients not to retry by themselves: a repetition needs thought, or would change something again. */
const NO_RETRY = -1;
/** No client waits longer by itself: its caller would hear of no error meanwhile. */
const LONGEST_PUSHBACK_MS = 10_000;

/**
 * How long clients wait before they retry by themselves. Not where that takes more than half of the caller's time: the
 * deadline would come first, and the caller gets that in place of this error and its details.
 */
function pushbackOf(delayMs: number | undefined, leftMs = Number.POSITIVE_INFINITY): number {
  const fits = delayMs !== undefined && delayMs <= LONGEST_PUSHBACK_MS && delayMs <= leftMs / 2;
  return fits ? delayMs : NO_RETRY;
}

function asTrailers(body: Status, pushbackMs = NO_RETRY): StatusObject {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(body).finish()));
  if (RETRIED.includes(body.code)) metadata.set('grpc-retry-pushback-ms', String(pushbackMs));
  return { code: body.code, details: body.message, metadata };
}

/** Failed updates are told in the origin's words, by the first setting that is not as asked. */
function messageOf({ problem, update, message }: PrivacyError, method: ToldMethod): string {
  if (message !== problem.kind) return message;
  const missed = update && firstMissed(update.outcomes);
  const aboutSettings =
    'setting' in problem || 'settings' in problem || problem.kind === 'DEADLINE_TOO_SHORT';
  if (!missed?.cause || !aboutSettings) return textOf(problem, method);
  return `failed to update ${camelCase(missed.setting)} privacy: ${inWords(missed.cause, problem)}`;
}
