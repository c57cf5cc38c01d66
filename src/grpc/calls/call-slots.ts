import { placeOf, places } from '../../domain/slots.js';

/** Takes a place for a call of a method, until it is disposed of; RATE_LIMITED when the token has none left. */
export type OpenCalls = (tokenId: string, method: string) => Disposable;

/** Limits the calls of one method that each token has open at the same time. */
export function openCalls(limit: number, unit: string): OpenCalls {
  const free = places(limit);
  return (tokenId, method) => placeOf(free(`${method}/${tokenId}`), { limit, subject: tokenId, unit });
}
