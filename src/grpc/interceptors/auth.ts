import { type Metadata, status } from '@grpc/grpc-js';
import type { Principal, Tokens } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Check } from './admission.js';
import { type Authenticated, isBoundTo } from './certificate-binding.js';
import type { FailedTokens } from './failed-tokens.js';

/** The scheme once, in any case, then one token. Two values arrive joined by a comma, which no token contains. */
const BEARER = /^bearer +([^\s,]+)$/i;

/** Finds out whose token it is. The token goes no further than this. */
export const auth =
  (tokens: Pick<Tokens, 'verify'>, failedTokens: FailedTokens): Check =>
  (context, metadata) => {
    const { isSent, secret } = bearer(metadata);
    metadata.remove('authorization');
    if (!isSent) {
      failedTokens.show(context);
      context.tokenFault = 'token_missing';
      throw new PrivacyError({ kind: 'TOKEN_MISSING' });
    }
    const settle = (principal: Principal | undefined) => {
      if (!principal) context.tokenFault = 'token_bad';
      else if (!isBoundTo(principal, context.call)) {
        context.tokenFault = 'token_bad';
        throw new PrivacyError({ kind: 'CERTIFICATE_MISMATCH' });
      }
      context.principal = principal ?? failedTokens.refuse(context);
    };
    const found = secret === undefined ? undefined : tokens.verify(secret);
    return found instanceof Promise ? found.then(settle) : settle(found);
  };

/** For what is not ours and needs any token: rejects with a status as grpc-js sends it. */
export const anyToken =
  (tokens: Pick<Tokens, 'verify'>) =>
  async (call: { readonly metadata: Metadata } & Authenticated): Promise<void> => {
    const { secret } = bearer(call.metadata);
    const principal = secret === undefined ? undefined : await tokens.verify(secret);
    if (principal && isBoundTo(principal, call)) return;
    const refusal = { code: status.UNAUTHENTICATED, details: 'This needs a token of the service' };
    throw Object.assign(new Error(), refusal);
  };

/** What was sent as a token, if anything, and the secret if it was in the right form. */
function bearer(metadata: Metadata): { isSent: boolean; secret: string | undefined } {
  const sent = metadata.get('authorization');
  const secret = sent.length === 1 ? BEARER.exec(String(sent[0]))?.[1] : undefined;
  return { isSent: secret !== undefined || sent.some(value => /^bearer +\S/i.test(String(value))), secret };
}
