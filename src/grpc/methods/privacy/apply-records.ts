import { Status } from '../../../../gen/ts/google/rpc/status.js';
import { PrivacyUpdateFailure } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { ApplyPrivacySettingsResponse } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { UpdatePrivacySettingsResponse } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { KEEP_MS } from '../../../access/idempotency.js';
import { coverage } from '../../../access/permits.js';
import type { ApplyLog, KeptAnswer } from '../../../access/ports.js';
import type { Principal } from '../../../access/tokens.js';
import { unlessAborted } from '../../calls/deadlines.js';
import type { ApiEvents } from '../../errors/api-events.js';

/** How the update of one instance ended. */
export type Result = NonNullable<ApplyPrivacySettingsResponse['result']>;

/**
 * Within what a request_id of ApplyPrivacySettings is its own: whoever has the token of one instance must not stand in
 * the way of another's.
 */
export const applyScope = (principal: Pick<Principal, 'instance' | 'selector'>): string =>
  `ApplyPrivacySettings/${coverage(principal)}`;

/** Under which key the results of such a request_id are. */
export const applyKey = (principal: Pick<Principal, 'instance' | 'selector'>, requestId: string): string =>
  `${applyScope(principal)}/${requestId.toLowerCase()}`;

/** Keeps how each update of many instances goes that has a request_id. */
export type ApplyRecords = ReturnType<typeof applyRecords>;

export function applyRecords(log: ApplyLog, events: Pick<ApiEvents, 'taskFailed'>, now: () => number) {
  /** How many calls are at work on it: a repetition may come while the first is. */
  const running = new Map<string, number>();
  /** What is not kept has happened all the same. */
  const orTell = (saving: Promise<void>) =>
    saving.catch((cause: unknown) => events.taskFailed({ task: 'save the result of an Apply', cause }));

  const atWork = new Set<Promise<void>>();

  return {
    /** Whether something of it goes on. */
    isRunning: (key: string): boolean => running.has(key),

    find: (key: string) => log.find(key, new Date(now())),

    results: log.results,

    /** Waits until nothing goes on any more, or this aborts. */
    async finished(signal: AbortSignal): Promise<void> {
      await unlessAborted(Promise.all(atWork), signal).catch(() => undefined);
    },

    /** Keeps that one begins, and what the returned functions are told of it. */
    async begin(key: string, instances: readonly string[], isFirst: boolean, digest: Uint8Array) {
      const startTime = new Date(now());
      const expireTime = new Date(startTime.getTime() + KEEP_MS);
      running.set(key, (running.get(key) ?? 0) + 1);
      await orTell(log.begin({ key, instances, startTime, expireTime, isFirst }));
      const updates: Promise<Result>[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      atWork.add(promise);

      return {
        /** Keeps how the update of an instance ends, before anybody is told. */
        keep(index: number, instance: string, update: () => Promise<Result>): Promise<Result> {
          const kept = update().then(async result => {
            const subject = speaksOfAccount(result) ? ({ kind: 'account', instance } as const) : undefined;
            await orTell(
              log.saveResult(key, index, { ...encodeResult(result), digest, expireTime, subject }),
            );
            return result;
          });
          updates.push(kept);
          return kept;
        },

        /** Nothing more begins; what has begun may still go on. */
        async end(): Promise<void> {
          await Promise.allSettled(updates);
          if (running.get(key) === 1) await orTell(log.end(key, new Date(now())));
          const others = (running.get(key) ?? 1) - 1;
          if (others > 0) running.set(key, others);
          else running.delete(key);
          atWork.delete(promise);
          resolve();
        },
      };
    },
  };
}

/** What was read of it belongs to an account; that there was none, for example, does not. */
function speaksOfAccount(result: Result): boolean {
  if (result.$case === 'success') return true;
  const detail = result.value.details.find(({ typeUrl }) => typeUrl.endsWith('.PrivacyUpdateFailure'));
  if (!detail) return false;
  const { settings, outcomes } = PrivacyUpdateFailure.decode(detail.value);
  return settings !== undefined || outcomes.some(({ previousValue }) => previousValue !== '');
}

const encodeResult = (result: Result): Pick<KeptAnswer, 'status' | 'answer'> =>
  result.$case === 'success'
    ? { status: 'response', answer: UpdatePrivacySettingsResponse.encode(result.value).finish() }
    : { status: 'error', answer: Status.encode(result.value).finish() };

/** A result as it was kept. */
export const decodeResult = ({ status, answer }: Pick<KeptAnswer, 'status' | 'answer'>): Result =>
  status === 'response'
    ? { $case: 'success', value: UpdatePrivacySettingsResponse.decode(answer) }
    : { $case: 'error', value: Status.decode(answer) };
