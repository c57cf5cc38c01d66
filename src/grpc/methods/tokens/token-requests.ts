import {
  CreateTokenRequest,
  ListTokensRequest,
  type RevokeTokenRequest,
  RotateTokenRequest,
  Token_Access,
  Token_Kind,
} from '../../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Caller } from '../../calls/handler.js';
import { accept, type Checked, KEPT } from '../../messages/checked.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';

const GRACE = { leastMs: 0, mostMs: 24 * 60 * 60 * 1000, inWords: '0 to 24 hours' };

export function decodeCreateToken(request: CreateTokenRequest, now: number) {
  const { requestId, ...wish } = accept({
    kind: check.requiredEnum('kind', Token_Kind, request.kind),
    instance: covered(request.kind, request.instance),
    access: check.requiredEnum('access', Token_Access, request.access),
    displayName: check.displayName('display_name', request.displayName),
    expireTime: check.future('expire_time', request.expireTime, now),
    certificateSubject: check.certificateSubject(request.certificateSubject),
    requestId: check.unlessEmpty(request.requestId, check.requestId),
  });
  const content = () => CreateTokenRequest.encode({ ...request, requestId: '' }).finish();
  return { wish, requestId, content };
}

/** The instance must be named for an instance token, and for no other. */
function covered(kind: Token_Kind, instance: string): Checked<string | undefined> {
  if (kind === Token_Kind.ACCOUNT) return check.absent('instance', instance, 'an ACCOUNT token covers all');
  return kind === Token_Kind.INSTANCE || instance !== '' ? check.instanceName('instance', instance) : KEPT;
}

export const decodeListTokens = (pageOf: PageOf) => (request: ListTokensRequest, caller: Caller) =>
  accept({ page: pageOf(ListTokensRequest, request, caller) });

export function decodeRevokeToken({ tokenId, allowMissing }: RevokeTokenRequest) {
  return { ...accept({ id: check.notEmpty('token_id', tokenId) }), allowMissing };
}

export function decodeRotateToken(request: RotateTokenRequest) {
  const { graceMs = 0, ...order } = accept({
    id: check.notEmpty('token_id', request.tokenId),
    graceMs: check.durationWithin('grace_period', request.gracePeriod, GRACE),
    requestId: check.unlessEmpty(request.requestId, check.requestId),
  });
  const content = () => RotateTokenRequest.encode({ ...request, requestId: '' }).finish();
  return { ...order, graceMs, content };
}
