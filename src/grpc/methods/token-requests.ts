import {
  type CreateTokenRequest,
  type ListTokensRequest,
  type RevokeTokenRequest,
  type RotateTokenRequest,
  Token_Access,
  Token_Kind,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { nameOf } from '../../contract/enum-names.js';
import type { Violation } from '../../domain/errors.js';
import { decodeDuration } from '../messages/codec.js';
import { pageLimit } from '../messages/pagination.js';
import * as check from '../messages/validate.js';

const GRACE = { leastMs: 0, mostMs: 24 * 60 * 60 * 1000, inWords: '0 to 24 hours' };

export function decodeCreateToken(request: CreateTokenRequest, now: number) {
  const { instance, label, expireTime } = request;
  const kind = nameOf(Token_Kind, request.kind) ?? 'ACCOUNT';
  const access = nameOf(Token_Access, request.access) ?? 'READ_ONLY';
  check.refuse(
    check.requiredEnum('kind', Token_Kind, request.kind),
    covered(request.kind, instance),
    check.requiredEnum('access', Token_Access, request.access),
    check.label('label', label),
    check.future('expire_time', expireTime, now),
  );
  const wish = { kind, instance: instance || undefined, access, label, expireTime };
  return { wish };
}

/** The instance must be named for an instance token, and for no other. */
function covered(kind: Token_Kind, instance: string): Violation[] {
  if (kind === Token_Kind.ACCOUNT) return check.absent('instance', instance, 'an ACCOUNT token covers all');
  return kind === Token_Kind.INSTANCE || instance !== '' ? check.instanceName('instance', instance) : [];
}

export function decodeListTokens({ pageSize, pageToken }: ListTokensRequest) {
  check.refuse(check.pageSize(pageSize));
  return { limit: pageLimit(pageSize), after: pageToken || undefined };
}

export function decodeRevokeToken({ id }: RevokeTokenRequest) {
  check.refuse(check.notEmpty('id', id));
  return { id };
}

export function decodeRotateToken({ id, gracePeriod }: RotateTokenRequest) {
  check.refuse(check.notEmpty('id', id), check.durationWithin('grace_period', gracePeriod, GRACE));
  return { id, graceMs: gracePeriod ? decodeDuration(gracePeriod) : 0 };
}
