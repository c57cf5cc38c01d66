import type { Cause, Outcome } from '../domain/outcome.js';
import type { Setting } from '../domain/settings-table.js';
import { reportedValue, type Snapshot } from '../domain/snapshot.js';
import type { Change } from '../domain/waves.js';
import { causeOf } from './causes.js';
import type { SetReply } from './ports.js';

/** What is known at this moment of each change of an update. It claims nothing that was not proved. */
export interface Ledger {
  /** The stanza leaves: UNKNOWN until a reply or a read tells. */
  sending(change: Change): void;
  /** Notes the reply and gives back why it is no confirmation; undefined when it is one. */
  replied(change: Change, reply: SetReply): Cause | undefined;
  /** Takes over what a read shows of the changes that were sent. */
  observed(snapshot: Snapshot): void;
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
  const note = ({ setting, from: previous, to: requested }: Change, state: Outcome['state'], cause?: Cause) =>
    void entries.set(setting, { setting, state, previous, requested, ...(cause && { cause }) });
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
    observed(snapshot) {
      for (const change of changes) {
        const { state, cause } = entry(change);
        const value = reportedValue(snapshot, change.setting);
        if (state === 'NOT_ATTEMPTED' || value === undefined) continue;
        const stands = value === change.from;
        if (value === change.to) note(change, 'APPLIED');
        else if (state === 'APPLIED') note(change, stands ? 'FAILED' : 'UNKNOWN', disproved(value));
        else if (state === 'UNKNOWN' && stands) note(change, 'FAILED', cause);
      }
    },
    stoppedBy(cause) {
      for (const change of changes) {
        if (entry(change).state === 'NOT_ATTEMPTED' && !entry(change).cause)
          note(change, 'NOT_ATTEMPTED', cause);
      }
    },
    agreesWith: snapshot =>
      changes.every(change => {
        const value = reportedValue(snapshot, change.setting);
        return entry(change).state !== 'APPLIED' || value === undefined || value === change.to;
      }),
    applied: some => some.every(change => entry(change).state === 'APPLIED'),
    hasUnknown: () => all().some(({ state }) => state === 'UNKNOWN'),
    failure: () => all().find(({ cause }) => cause)?.cause,
    outcomes: all,
  };
}

const STATE_AFTER = { refused: 'FAILED', no_answer: 'UNKNOWN', not_sent: 'NOT_ATTEMPTED' } as const;

const disproved = (value: string): Cause => ({
  reason: 'WHATSAPP_REJECTED',
  message: `WhatsApp confirmed the change, but reports "${value}"`,
});
