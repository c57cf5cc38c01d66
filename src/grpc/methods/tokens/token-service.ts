import {
  type CreateTokenRequest,
  CreateTokenResponse,
  RotateTokenResponse,
  type TokenServiceServer,
} from '../../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Token, Tokens } from '../../../access/tokens.js';
import { digestOf, type Idempotent } from '../../calls/idempotent.js';
import type { Unary } from '../../calls/unary.js';
import { encodeToken } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import { unlessMissing } from '../unless-missing.js';
import {
  decodeCreateToken,
  decodeListTokens,
  decodeRevokeToken,
  decodeRotateToken,
} from './token-requests.js';

/** The methods of TokenService; `now` is in epoch milliseconds. */
export const tokenService = (
  tokens: Pick<Tokens, 'mint' | 'secretOf' | 'list' | 'revoke' | 'rotate'>,
  answerOnce: Idempotent,
  one: Unary,
  pageOf: PageOf,
  now: () => number,
): TokenServiceServer => ({
  createToken: one({
    decode: (request: CreateTokenRequest) => decodeCreateToken(request, now()),
    async handle({ wish, requestId, content }, { method, options }) {
      const request = {
        method,
        scope: method.name,
        requestId,
        digest: digestOf(method, content),
        subject:
          wish.instance === undefined ? undefined : ({ kind: 'instance', instance: wish.instance } as const),
        signal: options.signal,
        codec: CreateTokenResponse,
      };
      const { token, secret } = await answerOnce(request, async saving => {
        const along = (made: Token) => saving({ token: encodeToken(made), secret: '' });
        const made = await tokens.mint(wish, { author: options.author, along });
        return { response: { token: encodeToken(made.token), secret: made.secret }, keep: 'saved' };
      });
      return { token, secret: secret || tokens.secretOf(token?.id ?? '', requestId) };
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
    async handle({ id, allowMissing }, { options }) {
      await unlessMissing('TOKEN_NOT_FOUND', allowMissing, tokens.revoke(id, options.author));
      return {};
    },
  }),

  rotateToken: one({
    decode: decodeRotateToken,
    async handle({ id, graceMs, requestId, content }, { method, options }) {
      const request = {
        method,
        scope: method.name,
        requestId,
        digest: digestOf(method, content),
        subject: undefined,
        signal: options.signal,
        codec: RotateTokenResponse,
      };
      const { token, secret, ...answered } = await answerOnce(request, async saving => {
        const made = await tokens.rotate(id, graceMs, {
          author: options.author,
          along: ({ token: next, previousExpireTime }) =>
            saving({ token: encodeToken(next), secret: '', previousExpireTime }),
        });
        return { response: { ...made, token: encodeToken(made.token) }, keep: 'saved' };
      });
      return { ...answered, token, secret: secret || tokens.secretOf(token?.id ?? '', requestId) };
    },
  }),
});
