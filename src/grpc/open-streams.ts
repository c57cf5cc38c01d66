import { PrivacyError } from '../domain/errors.js';

/** There is no telling when a stream ends. */
const RETRY_MS = 1000;

/** Takes a place for a stream, until it is disposed of; RATE_LIMITED when the token has none left. */
export type OpenStreams = (tokenId: string) => Disposable;

/** Limits the streams that each token has open at the same time. */
export function openStreams(limit: number): OpenStreams {
  const open = new Map<string, number>();
  return tokenId => {
    const count = open.get(tokenId) ?? 0;
    if (count >= limit)
      throw new PrivacyError({ kind: 'RATE_LIMITED', limit, subject: tokenId, retryAfterMs: RETRY_MS });
    open.set(tokenId, count + 1);
    return {
      [Symbol.dispose]() {
        const left = (open.get(tokenId) ?? 1) - 1;
        if (left > 0) open.set(tokenId, left);
        else open.delete(tokenId);
      },
    };
  };
}
