import type { Cause, Outcome } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import { reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import type { SetReply } from '../account/ports.js';
import { causeOf } from './reply-causes.js';

/** What is known at this moment of each change of an update. It claims nothing that was not proved. */
export interface Ledger {
  /** The stanza leaves: UNKNOWN until a reply or a read tells. */
  sending(change: Change): void;
  /** Notes the reply and gives back why it is no confirmation; undefined when it is one. */
  replied(change: Change, reply: SetReply): Cause | undefined;
  /** Takes over what a read shows of the changes that were sent; it left after every reply or the wait for it. */
  seenLater(snapshot: Snapshot): void;
  /** Takes over what a read right behind the changes shows as applied; what it does not show proves nothing. */
  seenEarly(snapshot: Snapshot): void;
  /** Such a read denies confirmed changes and no later one is to be had: they are not known. */
  contradicted(snapshot: Snapshot): void;
  /** Gives the changes never sent the reason for that. */
  stoppedBy(cause: Cause): void;
  /** Whether the snapshot shows every change that counts as applied. */
  agreesWith(snapshot: Snapshot): boolean;
  applied(changes: readonly Change[]): boolean;
  /** Whether a change was sent whose effect is not known. */
  hasUnknown(): boolean;
  /** The first reason for which a change is not applied. */
  failure(): Cause | undefined;
  outcomes(): Outcome[];
}

/** Opens a ledger for changes, in the order in which they are sent. */
export function openLedger(changes: readonly Change[]): Ledger {
  const entries = new Map<Setting, Outcome>();
  const put = (outcome: Outcome) => void entries.set(outcome.setting, outcome);
  const note = ({ setting, from: previous, to: requested }: Change, state: Outcome['state'], cause?: Cause) =>
    put({ setting, state, previous, requested, ...(cause && { cause }) });
  const entry = (change: Change) => entries.get(change.setting) as Outcome;
  const all = () => changes.map(entry);
  for (const change of changes) note(change, 'NOT_ATTEMPTED');

  return {
    sending: change => note(change, 'UNKNOWN'),
    replied(change, reply) {
      if (reply.kind === 'confirmed') return note(change, 'APPLIED');
      const cause = causeOf(reply, change);
      note(change, STATE_AFTER[reply.kind], cause);
      return cause;
    },
    seenLater(snapshot) {
      for (const change of changes) put(afterRead(entry(change), snapshot));
    },
    seenEarly(snapshot) {
      for (const change of changes) {
        const isSent = entry(change).state !== 'NOT_ATTEMPTED';
        if (isSent && reportedValue(snapshot, change.setting) === change.to) note(change, 'APPLIED');
      }
    },
    contradicted(snapshot) {
      for (const change of changes.filter(one => denies(snapshot, entry(one))))
        note(change, 'UNKNOWN', disproved(reportedValue(snapshot, change.setting)));
    },
    stoppedBy(cause) {
      for (const change of changes) {
        if (entry(change).state === 'NOT_ATTEMPTED' && !entry(change).cause)
          note(change, 'NOT_ATTEMPTED', cause);
      }
    },
    agreesWith: snapshot => !all().some(outcome => denies(snapshot, outcome)),
    applied: some => some.every(change => entry(change).state === 'APPLIED'),
    hasUnknown: () => all().some(({ state }) => state === 'UNKNOWN'),
    failure: () => all().find(({ cause }) => cause)?.cause,
    outcomes: all,
  };
}

const STATE_AFTER = { refused: 'FAILED', no_answer: 'UNKNOWN', not_sent: 'NOT_ATTEMPTED' } as const;

/** What a read that left after every reply, or the wait for it, makes of an outcome. */
export function afterRead(outcome: Outcome, snapshot: Snapshot): Outcome {
  const { setting, state, previous, requested } = outcome;
  const value = reportedValue(snapshot, setting);
  if (state === 'NOT_ATTEMPTED' || value === undefined) return outcome;
  if (value === requested) return { setting, state: 'APPLIED', previous, requested };
  const stands = value === previous;
  if (state === 'APPLIED')
    return { ...outcome, state: stands ? 'FAILED' : 'UNKNOWN', cause: disproved(value) };
  return state === 'UNKNOWN' && stands ? { ...outcome, state: 'FAILED' } : outcome;
}

const denies = (snapshot: Snapshot, { setting, state, requested }: Outcome): boolean => {
  const value = reportedValue(snapshot, setting);
  return state === 'APPLIED' && value !== undefined && value !== requested;
};

const disproved = (value: string | undefined): Cause => ({
  reason: 'WHATSAPP_REJECTED',
  message: `WhatsApp confirmed the change, but reports "${value}"`,
});
