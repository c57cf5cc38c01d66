import { type Cause, type Outcome, type OutcomeState, outcomeOf } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import { type Change, waves } from '../../domain/settings/waves.js';
import type { SetReply } from '../ports/ports.js';
import type { Evidence } from './evidence.js';
import { causeOf, isCutOff, mayComeLate } from './reply-causes.js';

/**
 * What is known at this moment of each setting that an order names. It claims nothing that was not proved: `View` is
 * what a read brings, of the settings or of a list.
 *
 * FAILED says that the previous value stands and will. A change that left has its end with its reply, whatever that
 * says, or with its connection: WhatsApp handles the stanzas of a connection one after another, and all of them before
 * it accepts the device's next login. Until then it may take effect, and a read that shows the previous value proves
 * nothing lasting.
 */
export interface Ledger<View> {
  /** The stanza leaves: UNKNOWN until a reply or a read tells. */
  sending(change: Change): void;
  /** Notes the reply and gives back why it is no confirmation; undefined when it is one. */
  replied(change: Change, reply: SetReply): Cause | undefined;
  /** Notes what came for a change after the wait for its reply was over. */
  repliedLate(change: Change, reply: SetReply): void;
  /**
   * A read leaves, after every reply or the wait for it. What it gives back takes over what that shows: of a change
   * whose reply comes meanwhile a value other than the wanted proves nothing.
   */
  looking(): Look<View>;
  /** Takes over what a read right behind the changes shows as applied; what it does not show proves nothing. */
  seenEarly(view: View): void;
  /** Such a read denies confirmed changes of which no later one tells: they are not known. */
  contradicted(view: View, later?: View): void;
  /**
   * Decides by what a read tells what is still to be changed of all that was not sent. Of a setting that it does not
   * tell nothing is decided.
   *
   * @param isBefore Whether the read tells what was there before the change of a setting that was sent.
   */
  planAnew(told: (setting: Setting) => string | undefined, isBefore: (sent: Setting) => boolean): void;
  /**
   * What the end of the connection undid, or kept from leaving, is to be sent once more. False, and nothing is done,
   * when anything else stands against a change.
   */
  resume(): boolean;
  /** The changes that are still to be sent. */
  pending(): Change[];
  /** Gives the changes never sent the reason for that. */
  stoppedBy(cause: Cause): void;
  /** Whether the view shows every change that counts as applied. */
  agreesWith(view: View): boolean;
  /** Whether every change that was sent is applied. */
  holds(): boolean;
  /** Whether a change was sent whose effect is not known. */
  hasUnknown(): boolean;
  /** Whether an answer may still come that would tell. */
  isAwaiting(): boolean;
  /** Whether the change of a setting has no reply yet, on a connection that goes on. */
  mayTakeEffect(setting: Setting): boolean;
  /** Whether a read has shown the change of a setting that WhatsApp had refused: of this one a refusal proves nothing. */
  wasRefusedFalsely(setting: Setting): boolean;
  /** The first reason for which a setting is not as wanted. */
  failure(): Cause | undefined;
  /** Of the changes. */
  outcomes(): Outcome[];
  /** Of the settings that had their value already. */
  unchanged(): Outcome[];
}

/** @param isSameConnection Whether the view came over the connection on which the changes had left. */
export type Look<View> = (view: View, isSameConnection: boolean) => void;

/**
 * Opens a ledger for changes, in the order in which they are sent.
 *
 * @param evidence What a view tells of a change.
 * @param unchanged Settings that had the wanted value when they were read, so that nothing is sent for them.
 * @param unproved Why a confirmed change that no read has shown is UNKNOWN; undefined where WhatsApp confirms all that
 *   is wanted.
 */
export function openLedger<View>(
  changes: readonly Change[],
  evidence: (view: View, change: Change) => Evidence,
  { unchanged = [], unproved }: { unchanged?: readonly Change[]; unproved?: () => Cause } = {},
): Ledger<View> {
  let toChange = changes;
  let toStay = unchanged;
  const wanted = () => [...toChange, ...toStay];
  const entries = new Map<Setting, Outcome>();
  const entry = ({ setting }: Change) => entries.get(setting) as Outcome;
  const note = ({ setting }: Change, state: Outcome['state'], cause?: Cause) => {
    const change = wanted().find(one => one.setting === setting) as Change;
    entries.set(setting, outcomeOf(change, state, cause));
  };
  const isSent = (change: Change) => entry(change).state !== 'NOT_ATTEMPTED';
  /** Changes whose reply may still come, and those whose connection ended before it did. */
  const awaited = new Set<Setting>();
  const cutOff = new Set<Setting>();
  const refused = new Set<Setting>();
  /** Changes that the end of a connection undid, as they are if they are not sent once more. */
  const undone = new Map<Setting, Outcome>();
  /** How often each change has left. */
  const leavings = new Map<Setting, number>();
  /** Changes that a read has shown. */
  const shown = new Set<Setting>();
  const all = () => wanted().map(entry);
  const denials = (view: View) =>
    wanted()
      .map(change => ({ change, sign: evidence(view, change) }))
      .filter(({ change, sign }) => HELD.includes(entry(change).state) && isOther(sign));
  for (const change of changes) note(change, 'NOT_ATTEMPTED');
  for (const change of unchanged) note(change, 'UNCHANGED');

  function replied(change: Change, reply: SetReply): Cause | undefined {
    const { setting } = change;
    if (mayComeLate(reply)) awaited.add(setting);
    else awaited.delete(setting);
    if (isCutOff(reply)) cutOff.add(setting);
    if (reply.kind === 'refused') refused.add(setting);
    if (reply.kind === 'not_sent') leavings.set(setting, (leavings.get(setting) ?? 1) - 1);
    if (reply.kind === 'confirmed') {
      note(change, 'APPLIED');
      return undefined;
    }
    const cause = causeOf(reply, change);
    note(change, STATE_AFTER[reply.kind], cause);
    return cause;
  }

  return {
    sending(change) {
      cutOff.delete(change.setting);
      undone.delete(change.setting);
      leavings.set(change.setting, (leavings.get(change.setting) ?? 0) + 1);
      note(change, 'UNKNOWN');
    },
    replied,
    repliedLate(change, reply) {
      awaited.delete(change.setting);
      // What a read has proved meanwhile is known better.
      if (entry(change).state === 'UNKNOWN') replied(change, reply);
    },
    looking() {
      const open = new Set(awaited);
      return (view, isSameConnection) => {
        for (const change of wanted()) {
          const { setting } = change;
          const mayTakeEffect = open.has(setting) || (isSameConnection && cutOff.has(setting));
          const sign = evidence(view, change);
          if (sign.shows === 'requested') shown.add(setting);
          entries.set(setting, afterRead(entry(change), sign, mayTakeEffect));
        }
      };
    },
    seenEarly(view) {
      for (const change of toChange) {
        if (!isSent(change) || evidence(view, change).shows !== 'requested') continue;
        shown.add(change.setting);
        note(change, 'APPLIED');
      }
    },
    contradicted(view, later) {
      for (const { change, sign } of denials(view)) {
        const isTold = later !== undefined && evidence(later, change).shows !== 'nothing';
        if (!isTold) note(change, 'UNKNOWN', disproved(sign, entry(change).state));
      }
    },
    planAnew(told, isBefore) {
      const isTold = ({ setting }: Change) => told(setting) !== undefined;
      const asTold = (change: Change) => ({ ...change, from: told(change.setting) ?? change.from });
      const sent = toChange
        .filter(isSent)
        .map(change => (isBefore(change.setting) ? asTold(change) : change));
      const open = [...toChange.filter(change => !isSent(change)), ...toStay].map(asTold);
      const { narrowing, widening } = waves(open.filter(({ from, to }) => from !== to));
      toChange = [...sent, ...narrowing, ...widening];
      toStay = open.filter(({ from, to }) => from === to);
      for (const change of sent) entries.set(change.setting, { ...entry(change), previous: change.from });
      for (const change of open.filter(isTold))
        note(change, toStay.includes(change) ? 'UNCHANGED' : 'NOT_ATTEMPTED');
    },
    resume() {
      const isUndone = (change: Change) => entry(change).state === 'FAILED' && cutOff.has(change.setting);
      const isClear = (change: Change) =>
        entry(change).state === 'APPLIED' || !isSent(change) || isUndone(change);
      if (!toChange.every(isClear)) return false;
      for (const change of toChange.filter(one => entry(one).state !== 'APPLIED')) {
        if (isUndone(change)) undone.set(change.setting, entry(change));
        note(change, 'NOT_ATTEMPTED');
      }
      return true;
    },
    pending: () => toChange.filter(change => !isSent(change) && !entry(change).cause),
    stoppedBy(cause) {
      for (const change of toChange.filter(one => !isSent(one))) {
        const before = undone.get(change.setting);
        if (before) entries.set(change.setting, before);
        else if (!entry(change).cause) note(change, 'NOT_ATTEMPTED', cause);
      }
    },
    agreesWith: view => denials(view).length === 0,
    holds: () => toChange.every(change => ['APPLIED', 'NOT_ATTEMPTED'].includes(entry(change).state)),
    hasUnknown: () => toChange.some(change => entry(change).state === 'UNKNOWN'),
    isAwaiting: () =>
      toChange.some(change => entry(change).state === 'UNKNOWN' && awaited.has(change.setting)),
    mayTakeEffect: setting => awaited.has(setting),
    wasRefusedFalsely: setting => refused.has(setting) && shown.has(setting),
    failure: () => all().find(({ cause }) => cause)?.cause,
    outcomes: () =>
      toChange.map(change => {
        const isProved = !unproved || entry(change).state !== 'APPLIED' || shown.has(change.setting);
        const outcome = isProved ? entry(change) : outcomeOf(change, 'UNKNOWN', unproved());
        const resends = (leavings.get(change.setting) ?? 0) - 1;
        return resends > 0 ? { ...outcome, resends } : outcome;
      }),
    unchanged: () => toStay.map(entry),
  };
}

const STATE_AFTER = { refused: 'FAILED', no_answer: 'UNKNOWN', not_sent: 'NOT_ATTEMPTED' } as const;

/** The states that say that the wanted value is there. */
const HELD: readonly OutcomeState[] = ['APPLIED', 'UNCHANGED'];

/**
 * What a read that left after every reply, or the wait for it, makes of an outcome.
 *
 * @param mayTakeEffect Whether the change still might when the read left.
 */
export function afterRead(outcome: Outcome, shown: Evidence, mayTakeEffect: boolean): Outcome {
  const { cause, ...rest } = outcome;
  const { state } = outcome;
  if (state === 'NOT_ATTEMPTED' || shown.shows === 'nothing') return outcome;
  if (shown.shows === 'requested') return state === 'UNCHANGED' ? outcome : { ...rest, state: 'APPLIED' };
  const stands = shown.shows === 'previous';
  if (HELD.includes(state)) {
    if (mayTakeEffect) return outcome; // Confirmed since.
    const after = stands && state === 'APPLIED' ? 'FAILED' : 'UNKNOWN';
    return { ...rest, state: after, cause: disproved(shown, state) };
  }
  if (state !== 'UNKNOWN' || !stands || !cause) return outcome;
  return mayTakeEffect ? { ...rest, state, cause: mayCome(cause) } : { ...outcome, state: 'FAILED' };
}

type Other = Evidence & { readonly shows: 'previous' | 'another' };
const isOther = (shown: Evidence): shown is Other => 'inWords' in shown;

/** A read shows another value than one that was confirmed, or had been read before. */
const disproved = (shown: Evidence, state: OutcomeState): Cause => {
  const value = isOther(shown) ? shown.inWords : 'nothing';
  return state === 'UNCHANGED'
    ? {
        reason: 'ETAG_MISMATCH',
        message: `nothing was sent because it had this value, but WhatsApp reports ${value} now`,
      }
    : { reason: 'WHATSAPP_REJECTED', message: `WhatsApp confirmed the change, but reports ${value}` };
};

const STILL_OPEN = '; a read did not show it, but it may still take effect';

const mayCome = (cause: Cause): Cause =>
  cause.message.endsWith(STILL_OPEN) ? cause : { ...cause, message: cause.message + STILL_OPEN };
