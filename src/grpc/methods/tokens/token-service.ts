import type {
  CreateTokenRequest,
  TokenServiceServer,
} from '../../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Tokens } from '../../../access/tokens.js';
import type { Unary } from '../../calls/unary.js';
import { encodeToken } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import {
  decodeCreateToken,
  decodeListTokens,
  decodeRevokeToken,
  decodeRotateToken,
} from './token-requests.js';

/** The methods of TokenService; `now` is in epoch milliseconds. */
export const tokenService = (
  tokens: Pick<Tokens, 'mint' | 'list' | 'revoke' | 'rotate'>,
  one: Unary,
  pageOf: PageOf,
  now: () => number,
): TokenServiceServer => ({
  createToken: one({
    decode: (request: CreateTokenRequest) => decodeCreateToken(request, now()),
    async handle({ wish }) {
      const { token, secret } = await tokens.mint(wish);
      return { token: encodeToken(token), secret };
    },
  }),

  listTokens: one({
    decode: decodeListTokens(pageOf),
    async handle({ page }) {
      const { tokens: found, next } = await tokens.list(page);
      return { tokens: found.map(encodeToken), nextPageToken: page.tokenAfter(next) };
    },
  }),

  revokeToken: one({
    decode: decodeRevokeToken,
    async handle({ id }) {
      await tokens.revoke(id);
      return {};
    },
  }),

  rotateToken: one({
    decode: decodeRotateToken,
    async handle({ id, graceMs }) {
      const { token, secret, previousExpireTime } = await tokens.rotate(id, graceMs);
      return { token: encodeToken(token), secret, previousExpireTime };
    },
  }),
});
