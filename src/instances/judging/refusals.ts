import { PrivacyError } from '../../domain/errors.js';
import { type Cause, type Outcome, outcomeOf } from '../../domain/outcome.js';
import type { Plan } from '../../domain/settings/plan.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Account } from '../account/account.js';
import { heldBack } from './failed-read.js';
import { causeFrom, type OutcomeProblem } from './reply-causes.js';

/** Why an order is refused as a whole before anything is sent. */
export type Refusal = {
  readonly problem: OutcomeProblem;
  /** The settings it is about; none when it is about the order. */
  readonly culprits: readonly Setting[];
  readonly message: string;
};

const OTHER_ETAG = {
  settings: 'the settings have another etag now',
  list: 'the list has another etag now',
} as const;

/** Another device made the list another one while it was being changed. */
export const OTHER_LIST: Cause = { reason: 'ETAG_MISMATCH', message: OTHER_ETAG.list };

/** The order was meant for other settings, or another list. */
export const staleEtag = (
  instance: string,
  what: keyof typeof OTHER_ETAG,
  etag: string,
  currentEtag: string,
): Refusal => ({
  problem: { kind: 'ETAG_MISMATCH', instance, etag, currentEtag },
  culprits: [],
  message: OTHER_ETAG[what],
});

/** Some settings must not be set. */
const about = (problem: OutcomeProblem & { readonly settings: readonly Setting[] }): Refusal => ({
  problem,
  culprits: problem.settings,
  message: causeFrom(problem).message,
});

/** Setting what an account does not report can lock it out of linked devices. */
export const notReported = (instance: string, settings: readonly Setting[]): Refusal =>
  about({ kind: 'SETTING_NOT_AVAILABLE', instance, settings });

/** Strict Account Settings keep these for the phone alone. */
export const locked = (instance: string, settings: readonly Setting[]): Refusal =>
  about({ kind: 'SETTING_LOCKED', instance, settings });

/** WhatsApp told the account to wait; undefined when it did not. */
export function held(account: Account): Refusal | undefined {
  const problem = heldBack(account);
  return problem && { problem, culprits: [], message: 'WhatsApp asked this account to wait' };
}

/** The error that a refused order ends with: nothing was sent, and each outcome says why. */
export function refused(
  { problem, culprits, message }: Refusal,
  instance: string,
  plan: Pick<Plan, 'changes' | 'unchanged'>,
  settings: Snapshot,
  validateOnly: boolean,
): PrivacyError {
  const outcomes: Outcome[] = [
    ...plan.changes.map(change => {
      const isCulprit = culprits.length === 0 || culprits.includes(change.setting);
      if (validateOnly && !isCulprit) return outcomeOf(change, 'WOULD_CHANGE');
      const why = isCulprit ? message : `not sent because of ${culprits.join(', ')}`;
      return outcomeOf(change, 'NOT_ATTEMPTED', { reason: problem.kind, message: why });
    }),
    ...plan.unchanged.map(change => outcomeOf(change, 'UNCHANGED')),
  ];
  return new PrivacyError(problem, { update: { instance, outcomes, settings, sent: false } });
}
