import type { Principal, Tokens } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Check } from './admission.js';
import type { FailedTokens } from './failed-tokens.js';

/** The scheme once, in any case, then one token. Two values arrive joined by a comma, which no token contains. */
const BEARER = /^bearer +([^\s,]+)$/i;

/** Finds out whose token it is. The token goes no further than this. */
export const auth =
  (tokens: Pick<Tokens, 'verify'>, failedTokens: FailedTokens): Check =>
  (context, metadata) => {
    const sent = metadata.get('authorization').map(String);
    metadata.remove('authorization');
    if (!sent.some(value => /^bearer +\S/i.test(value))) throw new PrivacyError({ kind: 'TOKEN_MISSING' });
    const [, secret] = (sent.length === 1 && BEARER.exec(sent.join())) || [];
    const settle = (principal: Principal | undefined) => {
      if (!principal) {
        failedTokens.add(context);
        throw new PrivacyError({ kind: 'TOKEN_INVALID' });
      }
      context.principal = principal;
    };
    const found = secret === undefined ? undefined : tokens.verify(secret);
    return found instanceof Promise ? found.then(settle) : settle(found);
  };
