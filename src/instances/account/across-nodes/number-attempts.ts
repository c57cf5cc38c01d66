import { createHmac } from 'node:crypto';
import { PrivacyError } from '../../../domain/errors.js';
import type { PermitStore } from '../../../domain/nodes/shared.js';
import { type LinkAttempts, PERIOD_MS, problemOf, ruleOfNumber } from '../link-attempts.js';

/** The same counts on several nodes, which count the attempts for one phone number together, by hours of the database. */
export function sharedNumberAttempts(
  own: LinkAttempts,
  options: {
    /** 0 for no limit. */
    readonly perNumber: number;
    readonly permits: Pick<PermitStore, 'take' | 'giveBack'>;
    /** The same on all of them: numbers of strangers are in no database. */
    readonly key: Buffer;
    readonly onFailure: (cause: unknown) => void;
  },
): LinkAttempts {
  const { perNumber, permits, key, onFailure } = options;
  const nameOf = (number: string) =>
    `links of ${createHmac('sha256', key).update(number).digest('base64url')}`;

  return {
    async count(instance, phoneNumber) {
      const giveBack = await own.count(instance, phoneNumber);
      if (phoneNumber === undefined || perNumber === 0) return giveBack;
      const name = nameOf(phoneNumber);
      try {
        const { taken, window, endsInMs } = await permits.take(name, PERIOD_MS, 1, perNumber);
        if (taken === 0)
          throw new PrivacyError(
            problemOf({ ...ruleOfNumber(perNumber, phoneNumber), retryAfterMs: endsInMs }),
          );
        return () => {
          giveBack();
          permits.giveBack(name, window, 1).catch(onFailure);
        };
      } catch (error) {
        giveBack();
        throw error;
      }
    },
  };
}
