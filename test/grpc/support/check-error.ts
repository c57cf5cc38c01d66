import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import type { DocumentedError } from './documented-errors.js';
import type { Ended } from './invoke.js';
import { isDocumentedKey, promisedDetails, promisedPushback } from './promised.js';

const LARGEST_STATUS = 6 * 1024;
const VIOLATIONS =
  /^(REQUIRED|UNKNOWN_VALUE|UNKNOWN_FIELD|INVALID_FORMAT|OUT_OF_RANGE|DUPLICATE|CONFLICTING|READ_ONLY|CONTACT_UNKNOWN)$/;
const SOME_TEXT = expect.stringMatching(/./);

/** Expects a call to have ended with this error, and with everything that the contract sends along. */
export function expectError(ended: Ended<object>, error: DocumentedError): void {
  const { code, reason } = error;
  const info = ended.detail('google.rpc.ErrorInfo');
  expect({ code: ended.code, reason: info?.reason }).toEqual({ code, reason });
  expect(info?.domain).toBe('wa-privacy');
  expect(Object.keys(info?.metadata ?? {}).filter(key => !isDocumentedKey(reason, key))).toEqual([]);
  expect(ended.detailTypes).toEqual(promisedDetails(error));
  expectStatus(ended);
  expectTimeOfNextTry(ended);
  expectContents(ended, reason);
}

function expectStatus({ status: body, message, metadata, code, detail }: Ended<object>): void {
  if (!body) throw new Error('no google.rpc.Status came');
  expect(body).toMatchObject({ code: status[code], message });
  expect(message).not.toBe('');
  expect(Status.encode(body).finish().length).toBeLessThanOrEqual(LARGEST_STATUS);
  expect(metadata.get('x-request-id')).toEqual([detail('google.rpc.RequestInfo')?.requestId]);
}

function expectTimeOfNextTry({ code, metadata, detail, deadlineMs }: Ended<object>): void {
  const delay = detail('google.rpc.RetryInfo')?.retryDelay;
  const delayMs = delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
  if (delayMs !== undefined) expect(delayMs).toBeGreaterThan(0);
  expect(metadata.get('grpc-retry-pushback-ms')).toEqual(promisedPushback(code, delayMs, deadlineMs));
}

/** What is in the details; which of them came is known by now. */
function expectContents({ detail }: Ended<object>, reason: string): void {
  for (const one of detail('google.rpc.BadRequest')?.fieldViolations ?? [])
    expect(one).toMatchObject({ reason: expect.stringMatching(VIOLATIONS), description: SOME_TEXT });
  for (const one of detail('google.rpc.PreconditionFailure')?.violations ?? [])
    expect(one).toMatchObject({ type: reason, subject: SOME_TEXT, description: SOME_TEXT });
  for (const one of detail('google.rpc.QuotaFailure')?.violations ?? [])
    expect(one).toMatchObject({ subject: SOME_TEXT, description: SOME_TEXT });
  const resource = detail('google.rpc.ResourceInfo');
  if (resource)
    expect(resource).toMatchObject({
      resourceType: expect.stringMatching(/^whatsapp\.privacy\.v1\.(Instance|Token|Node|Apply)$/),
      resourceName: SOME_TEXT,
    });
  const update = detail('whatsapp.privacy.v1.PrivacyUpdateFailure');
  if (update) {
    expect(update.instance).not.toBe('');
    expect(update.outcomes.length).toBeGreaterThan(0);
    for (const outcome of update.outcomes) expect(outcome.state).toBeGreaterThan(0);
  }
  const apply = detail('whatsapp.privacy.v1.PrivacyApplyFailure');
  if (apply) expect(apply.failedIndexes).toHaveLength(apply.failedCount);
}
