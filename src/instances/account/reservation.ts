import { PrivacyError } from '../../domain/errors.js';
import type { Account } from './account.js';
import type { IqKind, Iqs } from './budget.js';

/**
 * The account with IQs of some kinds paid for, so that the budget never ends a piece of work half way. Disposing of it
 * gives back those that were not sent, and pays for those that were more than was foreseen.
 *
 * @param most As many as the work is known to need at most.
 * @throws PrivacyError RATE_LIMITED
 */
export function reserve(account: Account, most: Iqs): { readonly account: Account } & Disposable {
  const overdrawn = account.budget.take(most);
  if (overdrawn) throw new PrivacyError(overdrawn);
  const unused: { [Kind in IqKind]?: number } = { ...most };
  return {
    account: {
      ...account,
      spend(kind, count = 1) {
        const left = unused[kind];
        if (left === undefined) account.spend(kind, count);
        else unused[kind] = left - count;
      },
    },
    [Symbol.dispose]: () => account.budget.giveBack(unused),
  };
}
