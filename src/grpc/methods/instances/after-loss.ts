import {
  DeleteInstanceRequest,
  DeleteInstanceResponse,
  ImportInstanceRequest,
  ImportInstanceResponse,
  UnlinkInstanceRequest,
  UnlinkInstanceResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyError } from '../../../domain/errors.js';
import { type FollowUp, isMoved, type Seen } from '../../calls/placement.js';
import { reasonOf } from '../../errors/statuses.js';

/*
 * What makes or ends a link is asked for again when its node was lost, also after it had begun: what was done already is
 * found done.
 */

export const unlinkAfterLoss: FollowUp<UnlinkInstanceRequest, UnlinkInstanceResponse> = {
  request: UnlinkInstanceRequest,
  response: UnlinkInstanceResponse,
  ask: request => request,
  tell: ({ instance }, seen) =>
    responseIn(seen, isMoved, () => new PrivacyError({ kind: 'CONNECTION_LOST', instance })),
};

export const deleteAfterLoss: FollowUp<DeleteInstanceRequest, DeleteInstanceResponse> = {
  request: DeleteInstanceRequest,
  response: DeleteInstanceResponse,
  // It was there with this etag when it began.
  ask: request => ({ ...request, allowMissing: true, etag: '', requestId: '' }),
  tell: ({ instance }, seen) =>
    responseIn(seen, isMoved, () => new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance })),
};

export const importAfterLoss: FollowUp<ImportInstanceRequest, ImportInstanceResponse> = {
  request: ImportInstanceRequest,
  response: ImportInstanceResponse,
  ask: request => request,
  // It is linked by now, as far as anybody can tell with this device.
  tell: ({ instance }, seen) =>
    responseIn(
      seen,
      error => isMoved(error) || isAlreadyLinked(error),
      () => new PrivacyError({ kind: 'INSTANCE_NOT_CONNECTED', instance, state: 'CONNECTING' }),
    ),
};

/** @param isUntrue Whether an error says of the repetition what is not so of the call. */
function responseIn<Response>(
  seen: Seen<Response>,
  isUntrue: (error: unknown) => boolean,
  instead: () => PrivacyError,
): Response {
  if ('response' in seen) return seen.response;
  throw isUntrue(seen.error) ? instead() : seen.error;
}

const isAlreadyLinked = (error: unknown): boolean => reasonOf(error) === 'INSTANCE_ALREADY_LINKED';
