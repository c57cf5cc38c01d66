import type { Outcome } from '../../domain/outcome.js';
import type { Account } from '../account/account.js';
import type { CallOptions, UpdateOrder } from '../ports/orders.js';

/**
 * Writes into the history what a question has found out about the update that it follows up: what is as was asked for now
 * is applied, and of the rest nobody knows.
 */
export async function followedUp(
  { history }: Pick<Account, 'history'>,
  { actor }: Pick<UpdateOrder, 'actor'>,
  outcomes: readonly Outcome[],
  { followsUp }: Pick<CallOptions, 'followsUp'>,
): Promise<void> {
  if (followsUp === undefined) return;
  await history.followedUp({ actor, requestId: followsUp }, outcomes.map(found));
}

/** What was before is not known any more. */
const found = ({ setting, requested, state }: Outcome): Outcome => ({
  setting,
  requested,
  previous: undefined,
  state: state === 'UNCHANGED' ? 'APPLIED' : 'UNKNOWN',
});
