import { type Cause, type Outcome, outcomeOf } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Change } from '../../domain/settings/waves.js';
import type { SetReply } from '../account/ports.js';
import type { Evidence } from './evidence.js';
import { causeOf } from './reply-causes.js';

/**
 * What is known at this moment of each change that an order makes. It claims nothing that was not proved: `View` is
 * what a read brings, of the settings or of a list.
 */
export interface Ledger<View> {
  /** The stanza leaves: UNKNOWN until a reply or a read tells. */
  sending(change: Change): void;
  /** Notes the reply and gives back why it is no confirmation; undefined when it is one. */
  replied(change: Change, reply: SetReply): Cause | undefined;
  /** Takes over what a read shows of the changes that were sent; it left after every reply or the wait for it. */
  seenLater(view: View): void;
  /** Takes over what a read right behind the changes shows as applied; what it does not show proves nothing. */
  seenEarly(view: View): void;
  /** Such a read denies confirmed changes and no later one is to be had: they are not known. */
  contradicted(view: View): void;
  /** Gives the changes never sent the reason for that. */
  stoppedBy(cause: Cause): void;
  /** Whether the view shows every change that counts as applied. */
  agreesWith(view: View): boolean;
  applied(changes: readonly Change[]): boolean;
  /** Whether a change was sent whose effect is not known. */
  hasUnknown(): boolean;
  /** The first reason for which a change is not applied. */
  failure(): Cause | undefined;
  outcomes(): Outcome[];
}

/**
 * Opens a ledger for changes, in the order in which they are sent.
 *
 * @param evidence What a view tells of a change.
 */
export function openLedger<View>(
  changes: readonly Change[],
  evidence: (view: View, change: Change) => Evidence,
): Ledger<View> {
  const entries = new Map<Setting, Outcome>();
  const note = (change: Change, state: Outcome['state'], cause?: Cause) =>
    void entries.set(change.setting, outcomeOf(change, state, cause));
  const entry = (change: Change) => entries.get(change.setting) as Outcome;
  const all = () => changes.map(entry);
  const denials = (view: View) =>
    changes
      .map(change => ({ change, shown: evidence(view, change) }))
      .filter(({ change, shown }) => entry(change).state === 'APPLIED' && isOther(shown));
  for (const change of changes) note(change, 'NOT_ATTEMPTED');

  return {
    sending: change => note(change, 'UNKNOWN'),
    replied(change, reply) {
      if (reply.kind === 'confirmed') return note(change, 'APPLIED');
      const cause = causeOf(reply, change);
      note(change, STATE_AFTER[reply.kind], cause);
      return cause;
    },
    seenLater(view) {
      for (const change of changes)
        entries.set(change.setting, afterRead(entry(change), evidence(view, change)));
    },
    seenEarly(view) {
      for (const change of changes) {
        const isSent = entry(change).state !== 'NOT_ATTEMPTED';
        if (isSent && evidence(view, change).shows === 'requested') note(change, 'APPLIED');
      }
    },
    contradicted(view) {
      for (const { change, shown } of denials(view)) note(change, 'UNKNOWN', disproved(shown));
    },
    stoppedBy(cause) {
      for (const change of changes) {
        if (entry(change).state === 'NOT_ATTEMPTED' && !entry(change).cause)
          note(change, 'NOT_ATTEMPTED', cause);
      }
    },
    agreesWith: view => denials(view).length === 0,
    applied: some => some.every(change => entry(change).state === 'APPLIED'),
    hasUnknown: () => all().some(({ state }) => state === 'UNKNOWN'),
    failure: () => all().find(({ cause }) => cause)?.cause,
    outcomes: all,
  };
}

const STATE_AFTER = { refused: 'FAILED', no_answer: 'UNKNOWN', not_sent: 'NOT_ATTEMPTED' } as const;

/** What a read that left after every reply, or the wait for it, makes of an outcome. */
export function afterRead(outcome: Outcome, shown: Evidence): Outcome {
  const { cause: _, ...rest } = outcome;
  const { state } = outcome;
  if (state === 'NOT_ATTEMPTED' || shown.shows === 'nothing') return outcome;
  if (shown.shows === 'requested') return { ...rest, state: 'APPLIED' };
  const stands = shown.shows === 'previous';
  if (state === 'APPLIED') return { ...rest, state: stands ? 'FAILED' : 'UNKNOWN', cause: disproved(shown) };
  return state === 'UNKNOWN' && stands ? { ...outcome, state: 'FAILED' } : outcome;
}

type Other = Evidence & { readonly shows: 'previous' | 'another' };
const isOther = (shown: Evidence): shown is Other => 'inWords' in shown;

const disproved = (shown: Evidence): Cause => ({
  reason: 'WHATSAPP_REJECTED',
  message: `WhatsApp confirmed the change, but reports ${isOther(shown) ? shown.inWords : 'nothing'}`,
});
