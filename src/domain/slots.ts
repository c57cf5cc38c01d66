import { PrivacyError } from './errors.js';

/** There is no telling when a place is given back. */
const RETRY_MS = 1000;

/** Takes a place of the key until it is disposed of; undefined when none is left. */
export type Slots = (key: string) => Disposable | undefined;

/** So many places for each key. */
export function slots(limit: number): Slots {
  const taken = new Map<string, number>();
  return key => {
    const count = taken.get(key) ?? 0;
    if (count >= limit) return undefined;
    taken.set(key, count + 1);
    return {
      [Symbol.dispose]() {
        const left = (taken.get(key) ?? 1) - 1;
        if (left > 0) taken.set(key, left);
        else taken.delete(key);
      },
    };
  };
}

/** @throws PrivacyError RATE_LIMITED when it is undefined, for none was left. */
export function slotOf(
  place: Disposable | undefined,
  whose: { readonly limit: number; readonly subject: string; readonly unit: string },
): Disposable {
  if (place) return place;
  throw new PrivacyError({ kind: 'RATE_LIMITED', ...whose, retryAfterMs: RETRY_MS });
}
