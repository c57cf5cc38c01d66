import { slotOf, slots } from '../../domain/slots.js';

/** Takes a place for a call of a method, until it is disposed of; RATE_LIMITED when the token has none left. */
export type CallSlots = (tokenId: string, method: string) => Disposable;

/** Limits the calls of one method that each token has open at the same time. */
export function callSlots(limit: number, unit: string): CallSlots {
  const free = slots(limit);
  return (tokenId, method) => slotOf(free(`${method}/${tokenId}`), { limit, subject: tokenId, unit });
}
