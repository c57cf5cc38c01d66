import { PrivacyError } from '../../domain/errors.js';
import type { Account } from './account.js';
import type { Iqs } from './budget.js';

/**
 * The account with IQs paid for, so that the budget never ends a piece of work half way. Disposing of it gives back
 * those that were not sent.
 *
 * @param most At least as many as the work can need.
 * @throws PrivacyError RATE_LIMITED
 */
export function reserve(account: Account, most: Iqs): { readonly account: Account } & Disposable {
  const overdrawn = account.budget.take(most);
  if (overdrawn) throw new PrivacyError(overdrawn);
  const unused = { ...most };
  return {
    account: { ...account, spend: kind => void unused[kind]-- },
    [Symbol.dispose]: () => account.budget.giveBack(unused),
  };
}
