import { slotOf, slots } from '../../domain/slots.js';

/** Takes a place for a call, until it is disposed of; RATE_LIMITED when the token has none left. */
export type CallSlots = (tokenId: string) => Disposable;

/** Limits the calls of one sort that each token has open at the same time. */
export function callSlots(limit: number, unit: string): CallSlots {
  const free = slots(limit);
  return tokenId => slotOf(free(tokenId), { limit, subject: tokenId, unit });
}
