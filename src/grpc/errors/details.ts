import { status } from '@grpc/grpc-js';
import type {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from '../../../gen/ts/google/rpc/error_details.js';
import type {
  PrivacyApplyFailure,
  PrivacyUpdateFailure,
} from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { fieldPath } from '../../contract/setting-enums.js';
import type { PrivacyError, Problem, Violation } from '../../domain/errors.js';
import type { ApplyReport, UpdateReport } from '../../domain/outcome.js';
import { encodeOutcomes, encodeSnapshot } from '../messages/codec.js';
import { DESCRIBED, QUOTED, truncate } from '../messages/truncate.js';
import { metadataOf } from './metadata.js';
import { adviceOf, codeOf, inWords, settingsOf } from './problems.js';

/** The details of one status, each type at most once, in the order in which they are sent. */
export type Details = {
  readonly errorInfo: ErrorInfo;
  readonly requestInfo?: RequestInfo | undefined;
  readonly badRequest?: BadRequest | undefined;
  readonly resourceInfo?: ResourceInfo | undefined;
  readonly preconditionFailure?: PreconditionFailure | undefined;
  readonly retryInfo?: RetryInfo | undefined;
  readonly quotaFailure?: QuotaFailure | undefined;
  readonly updateFailure?: PrivacyUpdateFailure | undefined;
  readonly applyFailure?: PrivacyApplyFailure | undefined;
};

export const DOMAIN = 'wa-privacy';
const MOST_VIOLATIONS = 20;
const MOST_INDEXES = 100;
/** How long to wait where nobody knows better. */
const RETRY_MS = 1000;

/** The details that the contract gives to an error. */
export function detailsOf(
  { problem, update, apply }: PrivacyError,
  requestId: string | undefined,
  now: number,
): Details {
  const code = codeOf(problem);
  const delayMs = retryDelayMs(problem, now);
  return {
    errorInfo: { reason: problem.kind, domain: DOMAIN, metadata: metadataOf(problem) },
    requestInfo: requestId === undefined ? undefined : { requestId, servingData: '' },
    badRequest: 'violations' in problem ? badRequest(problem.violations) : undefined,
    resourceInfo: resourceInfo(problem),
    preconditionFailure:
      code === status.FAILED_PRECONDITION ? preconditionFailure(problem, update) : undefined,
    retryInfo: delayMs === undefined ? undefined : { retryDelay: duration(delayMs) },
    quotaFailure:
      problem.kind === 'RATE_LIMITED' ? quotaFailure(problem.subject, adviceOf(problem)) : undefined,
    updateFailure: update && updateFailure(update, problem),
    applyFailure: apply && applyFailure(apply),
  };
}

const badRequest = (violations: readonly Violation[]): BadRequest => ({
  fieldViolations: violations.slice(0, MOST_VIOLATIONS).map(violation => ({
    field: violation.field,
    reason: violation.reason,
    description: described(violation),
    localizedMessage: undefined,
  })),
});

/** What lists valid values is our own words but for a short value, and useless when cut. */
const described = ({ description, validEnumValues }: Violation): string =>
  validEnumValues === undefined ? truncate(description, DESCRIBED) : `${description} (${validEnumValues})`;

function resourceInfo(problem: Problem): ResourceInfo | undefined {
  const info = (type: string, resourceName: string): ResourceInfo => ({
    resourceType: `whatsapp.privacy.v1.${type}`,
    resourceName: truncate(resourceName, QUOTED),
    owner: '',
    description: '',
  });
  switch (problem.kind) {
    case 'INSTANCE_NOT_FOUND':
    case 'INSTANCE_ALREADY_EXISTS':
    case 'DEVICE_IN_USE':
      return info('Instance', problem.instance);
    case 'TOKEN_NOT_FOUND':
      return info('Token', problem.tokenId);
    case 'NODE_NOT_FOUND':
      return info('Node', problem.nodeId);
    case 'APPLY_NOT_FOUND':
      return info('Apply', problem.requestId);
    default:
      return undefined;
  }
}

/** One violation for each setting that failed, or one for the instance, or for the server. */
function preconditionFailure(problem: Problem, update: UpdateReport | undefined): PreconditionFailure {
  const failed = update?.outcomes.filter(({ state }) => state === 'FAILED').map(({ setting }) => setting);
  const settings = 'setting' in problem && failed?.length ? failed : settingsOf(problem);
  const subject = 'instance' in problem && problem.instance ? problem.instance : 'node';
  const subjects = settings.length > 0 ? settings.map(fieldPath) : [subject];
  const description = truncate(adviceOf(problem), DESCRIBED);
  return { violations: subjects.map(subject => ({ type: problem.kind, subject, description })) };
}

/** Milliseconds until a repetition makes sense; undefined where it never does by itself. */
export function retryDelayMs(problem: Problem, now: number): number | undefined {
  const code = codeOf(problem);
  if (problem.kind === 'MESSAGE_TOO_LARGE') return undefined;
  if (code !== status.UNAVAILABLE && code !== status.RESOURCE_EXHAUSTED) return undefined;
  if ('retryAfterMs' in problem && problem.retryAfterMs !== undefined) return Math.ceil(problem.retryAfterMs);
  const next = 'nextAttemptTime' in problem ? problem.nextAttemptTime : undefined;
  return next ? Math.max(Math.ceil(next.getTime() - now), RETRY_MS) : RETRY_MS;
}

const duration = (ms: number) => ({ seconds: BigInt(Math.trunc(ms / 1000)), nanos: (ms % 1000) * 1_000_000 });

const quotaFailure = (subject: string, description: string): QuotaFailure => ({
  violations: [
    {
      subject,
      description,
      apiService: '',
      quotaMetric: '',
      quotaId: '',
      quotaDimensions: {},
      quotaValue: 0n,
    },
  ],
});

const updateFailure = (
  { instance, outcomes, settings }: UpdateReport,
  problem: Problem,
): PrivacyUpdateFailure => {
  const told = outcomes.map(({ cause, ...outcome }) =>
    cause ? { ...outcome, cause: { ...cause, message: inWords(cause, problem) } } : outcome,
  );
  return {
    instance,
    outcomes: encodeOutcomes(told).map(outcome => ({
      ...outcome,
      message: truncate(outcome.message, DESCRIBED),
      previousValue: truncate(outcome.previousValue, QUOTED),
    })),
    settings: settings && encodeSnapshot(settings),
  };
};

const applyFailure = ({ succeededCount, failedIndexes }: ApplyReport): PrivacyApplyFailure => ({
  succeededCount,
  failedCount: failedIndexes.length,
  failedIndexes: failedIndexes.slice(0, MOST_INDEXES),
});
