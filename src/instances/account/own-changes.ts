import type { Outcome, OutcomeState } from '../../domain/outcome.js';
import { EXCEPTING } from '../../domain/settings/contact-list.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Change } from '../../domain/settings/waves.js';
import { clock } from '../../domain/time/clock.js';
import type { Session, SetReply } from '../ports/ports.js';

/** How long a change that has its reply is reckoned with although no read shows it. */
const EXPECTED_FOR_MS = 60_000;

/** A read, as far as it tells whose changes it shows. */
export type ReadTime = {
  readonly session: Session;
  /** When it left, by a clock that never goes back. */
  readonly leftAt: number;
};

/** A change that this service sent and no read has shown yet. */
type OwnChange = {
  readonly setting: Setting;
  readonly from: string | undefined;
  readonly to: string;
  readonly session: Session;
  /** The change of a list, of which the value of its setting tells nothing. */
  readonly isOfList: boolean;
  /** When nothing more could come for it: its reply is there. Undefined while it may come. */
  settledAt: number | undefined;
  /** Whether nobody waited for its reply any more when it came. */
  isLate: boolean;
  /** What its reply says, or a read. */
  verdict: 'APPLIED' | 'FAILED' | undefined;
  /** A read has shown it, or after its end something else: a value like it that shows later is somebody else's. */
  isSpent: boolean;
  /** Its outcome stands in the history; before that it is kept for it. */
  isWritten: boolean;
  /** The entry in the history that turns out with it, when that may have to be amended. */
  entry: { readonly time: Date; readonly state: OutcomeState; readonly means: Meaning } | undefined;
};

/** What an entry turns out to be when its change does; nothing where that is not known even then. */
type Meaning = { readonly [V in 'APPLIED' | 'FAILED']: OutcomeState | undefined };
const AS_MADE: Meaning = { APPLIED: 'APPLIED', FAILED: 'FAILED' };
/** Of an entry whose change was applied and then set back. */
const AS_SET_BACK: Meaning = { APPLIED: 'ROLLED_BACK', FAILED: 'APPLIED' };
/** The same where a list of contacts belongs to the value. */
const LIST_SET_BACK: Meaning = { ...AS_SET_BACK, APPLIED: undefined };

/**
 * The changes of one account that this service sent, so that a read can tell them from those of other devices. A value
 * once sent is not ours for ever: it is given up when the change is refused or not sent, when a read after its end shows
 * another value, and in time.
 *
 * @param amend Is told how a change turned out whose entry, written at that time, says something else.
 * @param now Milliseconds of a clock that never goes back.
 */
export function ownChanges(
  amend: (setting: Setting, entryTime: Date, outcome: OutcomeState) => void,
  now: () => number = clock,
) {
  const sent = new Map<Setting, OwnChange[]>();

  function keep(setting: Setting, changes: OwnChange[]) {
    if (changes.length > 0) sent.set(setting, changes);
    else sent.delete(setting);
  }
  const drop = (change: OwnChange) =>
    keep(
      change.setting,
      (sent.get(change.setting) ?? []).filter(other => other !== change),
    );

  /** @param isFinal Not where WhatsApp has confirmed it and the first read after that may yet deny it. */
  function turnedOut(change: OwnChange, outcome: 'APPLIED' | 'FAILED', isFinal = true) {
    const { entry } = change;
    change.verdict = outcome;
    const meant = entry?.means[outcome];
    if (entry && meant && entry.state !== meant) amend(change.setting, entry.time, meant);
    change.entry = isFinal || !entry ? undefined : { ...entry, state: meant ?? entry.state };
  }

  function replied(change: OwnChange, reply: SetReply) {
    if (reply.kind === 'no_answer' && reply.cause === 'timeout') {
      change.isLate = true;
      return;
    }
    change.settledAt ??= now();
    if (reply.kind === 'not_sent') drop(change);
    if (reply.kind === 'confirmed' && !change.isOfList) turnedOut(change, 'APPLIED', false);
    if (reply.kind === 'refused') turnedOut(change, 'FAILED');
  }

  return {
    /** A change leaves over a connection. What it gives back is to be told every reply. */
    sending({ setting, from, to }: Change, session: Session, isOfList: boolean): (reply: SetReply) => void {
      const change: OwnChange = {
        setting,
        from,
        to,
        session,
        isOfList,
        settledAt: undefined,
        isLate: false,
        verdict: undefined,
        isSpent: false,
        isWritten: false,
        entry: undefined,
      };
      keep(setting, [...(sent.get(setting) ?? []), change]);
      return reply => replied(change, reply);
    },

    /** The outcome of a change was written into the history at that time. */
    ended({ setting, previous, requested, state }: Outcome, time: Date): void {
      const changes = sent.get(setting) ?? [];
      const made = changes.findLast(({ to }) => to === requested);
      if (!made) return;
      const setBack = changes
        .slice(changes.indexOf(made) + 1)
        .find(({ from, to }) => from === requested && to === previous);
      const means = !setBack ? AS_MADE : previous === EXCEPTING ? LIST_SET_BACK : AS_SET_BACK;
      const last = setBack ?? made;
      last.entry = { time, state, means };
      // A confirmation in time was known then, and is what could not be believed.
      if (state === 'UNKNOWN' && last.verdict === 'APPLIED' && !last.isLate && !last.isSpent)
        last.verdict = undefined;
      if (state === 'UNKNOWN' && last.verdict) turnedOut(last, last.verdict, last.isSpent);
      for (const change of setBack ? [made, setBack] : [made]) {
        change.isWritten = true;
        // What was refused, or set back, is somebody else's when it shows one day.
        const isSetBack = change === made && state === 'ROLLED_BACK';
        if (isSetBack || change.verdict === 'FAILED' || change.isSpent) drop(change);
      }
    },

    /** Whether the value that a read shows, if any, is one that this service sent. */
    shows(setting: Setting, value: string | undefined, { session, leftAt }: ReadTime): boolean {
      const changes = sent.get(setting);
      if (!changes || value === undefined) return false;
      const hasEnded = ({ settledAt, session: over }: OwnChange) =>
        over !== session || (settledAt !== undefined && settledAt <= leftAt);
      const isExpired = ({ settledAt = Infinity }: OwnChange) => settledAt + EXPECTED_FOR_MS < now();
      const shown = changes.findLast(
        ({ to, verdict, isSpent }) => to === value && verdict !== 'FAILED' && !isSpent,
      );
      // What was sent after it may have brought the value back.
      const last = changes.findLast(({ verdict }) => verdict !== 'FAILED');

      if (shown && !shown.isOfList) turnedOut(shown, 'APPLIED');
      if (last && last !== shown && !last.isSpent && hasEnded(last)) {
        // Also of what was confirmed, and no read has shown.
        if (value === last.from && !last.isOfList) turnedOut(last, 'FAILED');
        else last.verdict = undefined;
      }
      for (const change of changes)
        change.isSpent ||= change === shown || hasEnded(change) || isExpired(change);
      keep(
        setting,
        changes.filter(change => !change.isSpent || !(change.isWritten || isExpired(change))),
      );
      return shown !== undefined;
    },
  };
}
