import type { Tokens } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Check } from './gate.js';
import type { FailedTokens } from './peer-limit.js';

/** The scheme once, in any case, then one token. Two values arrive joined by a comma, which no token contains. */
const BEARER = /^bearer +([^\s,]+)$/i;

/** Finds out whose token it is. The token goes no further than this. */
export const auth =
  (tokens: Pick<Tokens, 'verify'>, failedTokens: FailedTokens): Check =>
  async (context, metadata) => {
    const sent = metadata.get('authorization').map(String);
    metadata.remove('authorization');
    if (!sent.some(value => /^bearer +\S/i.test(value))) throw new PrivacyError({ kind: 'TOKEN_MISSING' });
    const [, secret] = (sent.length === 1 && BEARER.exec(sent.join())) || [];
    const principal = secret === undefined ? undefined : await tokens.verify(secret);
    if (!principal) {
      failedTokens.add(context);
      throw new PrivacyError({ kind: 'TOKEN_INVALID' });
    }
    context.principal = principal;
  };
