import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { Status } from '../../gen/ts/google/rpc/status.js';
import { PrivacyError } from '../domain/errors.js';
import { camelCase } from '../domain/settings-table.js';
import { DOMAIN, detailsOf, retryDelayMs } from './details.js';
import type { ApiEvents } from './events.js';
import { codeOf, textOf } from './problems.js';
import { statusWithin6KiB, withRequestInfo } from './status-size.js';

/** What a status tells besides its error. */
export type ErrorContext = {
  /** `whatsapp.privacy.v1.PrivacyService/GetPrivacySettings`. */
  readonly method: string;
  /** Undefined for a Status inside a message, which has no RequestInfo. */
  readonly requestId: string | undefined;
  readonly now: number;
};

/** The status with which a request with the same request_id ended before. */
export class FirstAnswer extends Error {
  readonly status: Status;

  /** @param status Without RequestInfo. */
  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }
}

/** Turns whatever a call threw into the status to send. */
export type Answer = (error: unknown, call: { method: string; requestId: string }) => StatusObject;

/** Answers errors; callers learn nothing of our own faults, whose cause goes to the log. */
export const answers =
  (log: Pick<ApiEvents, 'callFailed'>, now: () => number): Answer =>
  (error, { method, requestId }) => {
    if (error instanceof PrivacyError) {
      const status = statusOf(error, { method, requestId, now: now() });
      return asTrailers(status, pushbackMs(error, now()));
    }
    // Only what was sent to WhatsApp is answered again, and must not be sent twice.
    if (error instanceof FirstAnswer) return asTrailers(withRequestInfo(error.status, requestId), -1);
    log.callFailed({ requestId, method, cause: error });
    return asTrailers(internalStatus(requestId));
  };

/** The `google.rpc.Status` of an error, at most 6 KiB. */
export function statusOf(error: PrivacyError, context: ErrorContext): Status {
  const details = detailsOf(error, context.requestId, context.now);
  return statusWithin6KiB(codeOf(error.problem), messageOf(error, context.method), details);
}

const internalStatus = (requestId: string): Status =>
  statusWithin6KiB(status.INTERNAL, 'Internal error; the request id names it in the log of the service', {
    errorInfo: { reason: 'INTERNAL', domain: DOMAIN, metadata: {} },
    requestInfo: { requestId, servingData: '' },
  });

function asTrailers(body: Status, pushback?: number): StatusObject {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(body).finish()));
  if (pushback !== undefined) metadata.set('grpc-retry-pushback-ms', String(pushback));
  return { code: body.code, details: body.message, metadata };
}

/** When a client may retry by itself: -1 for never, because a repetition needs thought or would change again. */
function pushbackMs({ problem, update }: PrivacyError, now: number): number | undefined {
  const code = codeOf(problem);
  if (code === status.ABORTED || code === status.DEADLINE_EXCEEDED) return -1;
  const delayMs = retryDelayMs(problem, now);
  return delayMs !== undefined && update?.sent ? -1 : delayMs;
}

/** Failed updates are told in the origin's words, by the first setting that is not as asked. */
function messageOf({ problem, update, message }: PrivacyError, method: string): string {
  if (message !== problem.kind) return message;
  const missed = update?.outcomes.find(({ state }) => ['FAILED', 'UNKNOWN', 'NOT_ATTEMPTED'].includes(state));
  const aboutSettings =
    'setting' in problem || 'settings' in problem || problem.kind === 'DEADLINE_TOO_SHORT';
  if (!missed?.cause || !aboutSettings) return textOf(problem, method);
  return `failed to update ${camelCase(missed.setting)} privacy: ${missed.cause.message}`;
}
