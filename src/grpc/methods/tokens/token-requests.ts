import {
  CreateTokenRequest,
  ListTokensRequest,
  type RevokeTokenRequest,
  RotateTokenRequest,
  Token_Access,
  Token_Kind,
  token_AccessToJSON,
  token_KindToJSON,
} from '../../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Selector } from '../../../domain/labels/selector.js';
import type { Caller } from '../../calls/handler.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept, type Checked, KEPT } from '../../messages/checked.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';

const GRACE = { leastMs: 0, mostMs: 24 * 60 * 60 * 1000, inWords: '0 to 24 hours' };

export function decodeCreateToken(request: CreateTokenRequest, now: number) {
  const { requestId, ...wish } = accept({
    kind: check.requiredEnum('kind', Token_Kind, token_KindToJSON, request.kind),
    instance: covered(request.kind, request.instance),
    selector: selected(request.kind, request.labelSelector),
    access: check.requiredEnum('access', Token_Access, token_AccessToJSON, request.access),
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
  if (kind === Token_Kind.SELECTOR)
    return check.absent('instance', instance, 'a SELECTOR token covers what label_selector matches');
  return kind === Token_Kind.INSTANCE || instance !== '' ? check.instanceName('instance', instance) : KEPT;
}

/** The selector must be given for a selector token, and for no other. */
const selected = (kind: Token_Kind, labelSelector: string): Checked<Selector | undefined> =>
  kind === Token_Kind.SELECTOR
    ? checkLabels.requiredSelector(labelSelector)
    : check.absent('label_selector', labelSelector, 'the token is of another kind than SELECTOR');

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
