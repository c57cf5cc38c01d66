import { PrivacyError } from '../domain/errors.js';
import { places } from '../domain/places.js';

/** There is no telling when a call ends. */
const RETRY_MS = 1000;

/** Takes a place for a call of a method, until it is disposed of; RATE_LIMITED when the token has none left. */
export type OpenCalls = (tokenId: string, method: string) => Disposable;

/** Limits the calls of one method that each token has open at the same time. */
export function openCalls(limit: number, unit: string): OpenCalls {
  const free = places(limit);
  return (tokenId, method) => {
    const place = free(`${method}/${tokenId}`);
    if (place) return place;
    throw new PrivacyError({ kind: 'RATE_LIMITED', limit, subject: tokenId, unit, retryAfterMs: RETRY_MS });
  };
}
