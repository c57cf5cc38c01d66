import type { Setting } from '../../domain/settings/settings-table.js';
import { reportedValue, type Snapshot, withLastKnown } from '../../domain/settings/snapshot.js';
import { clock } from '../../domain/time/clock.js';
import type { NoAnswer, OnArrival, ReadReply, Refused, Session } from '../ports/ports.js';
import type { ReadTime } from './own-changes.js';

/** A read that has waited longer for its answer is not joined: it may never come. */
const JOIN_WITHIN_MS = 1000;
/** How long after a change without an answer it is reckoned with; Baileys waits as long for one. */
const UNSETTLED_MS = 60_000;

export type FailedRead = Refused | NoAnswer;

/**
 * What WhatsApp last reported of one account, and whether that still holds. A snapshot is current as long as the
 * connection it came over lives, no push announced a change, nothing was sent since its read left and every change
 * that was sent has its answer; but no longer than the silence of pushes can be trusted.
 */
export interface SettingsCache {
  /** The current snapshot when it was observed within `maxAgeMs`, else undefined. */
  current(session: Session, maxAgeMs: number): Snapshot | undefined;
  /** The current snapshot however old it is, and however long no push has come. */
  kept(session: Session): Snapshot | undefined;
  /** How old the oldest part of the current snapshot is, however old that is. */
  ageMs(session: Session): number | undefined;
  /** The answer of a read under way that is not older than the last change. */
  pending(session: Session): Promise<ReadReply> | undefined;
  /** Reads with an IQ of its own, whose answer others may share. */
  readShared(session: Session, timeoutMs: number): Promise<ReadReply>;
  /** Reads with an IQ of its own, which leaves now. */
  read(session: Session, timeoutMs: number, onArrival?: OnArrival): Promise<ReadReply>;
  /** How many reads have left so far. */
  reads(): number;
  /** What the newest answered read shows of those that left after so many; it need not be current. */
  shownAfter(reads: number): Snapshot | undefined;
  /** Why the one that was answered last, of those that left after so many, brought nothing; undefined when it did. */
  failedAfter(reads: number): FailedRead | undefined;
  /** The settings may have changed: nothing read before this moment is current. */
  invalidate(): void;
  /** WhatsApp confirms a change: a read that left before and shows another value is not current. */
  confirmed(setting: Setting, value: string): void;
  /** A change has no answer and may still take effect: nothing read before that comes, or soon, is current. */
  unanswered(): void;
  /** Such a change has its answer after all, or its connection has ended. */
  answered(): void;
  /** Milliseconds until a read can be current; 0 when it can now. */
  unsettledForMs(): number;
  /** Fulfils when the changes without an answer have theirs. */
  settled(): Promise<void>;
  /** There is no connection any more: what came over it is not current, and what it held on to can go. */
  disconnected(): void;
  /** Another account may be behind the instance: what comes next is compared with nothing. */
  forget(): void;
}

/**
 * Reads the settings of one account.
 *
 * @param onObserved Is given each read with what was known before it of the same account, if anything was: of a setting
 *   that the read before did not tell, what an earlier one did.
 */
export function settingsCache(
  onObserved: (before: Snapshot | undefined, after: Snapshot, read: ReadTime) => void,
): SettingsCache {
  let generation = 0;
  /** 0 when a read has left after it. */
  let unsettledUntil = 0;
  let unansweredCount = 0;
  let settling = Promise.withResolvers<void>();
  let reads = 0;
  let newest: { read: number; snapshot: Snapshot; known: Snapshot } | undefined;
  let failed: { read: number; reply: FailedRead } | undefined;
  let latest:
    | { session: Session; generation: number; snapshot: Snapshot; readAt: number; oldestAt: number }
    | undefined;
  let underWay:
    | { session: Session; generation: number; sentAt: number; reply: Promise<ReadReply> }
    | undefined;

  /** What WhatsApp confirmed last, and how many reads had left by then. */
  const confirmations = new Map<Setting, { value: string; reads: number }>();
  const isOutdated = (read: number, snapshot: Snapshot) =>
    [...confirmations].some(([setting, { value, reads: left }]) => {
      const shown = reportedValue(snapshot, setting);
      return read <= left && shown !== undefined && shown !== value;
    });

  const isCurrent = (from: { session: Session; generation: number } | undefined, session: Session) =>
    from?.session === session && from.generation === generation;

  const ageMs = (session: Session) =>
    latest && isCurrent(latest, session) ? clock() - latest.oldestAt : undefined;

  async function read(session: Session, timeoutMs: number, onArrival?: OnArrival): Promise<ReadReply> {
    const asOf = generation;
    const read = ++reads;
    const leftAt = clock();
    const isSettled = leftAt >= unsettledUntil;
    if (unsettledUntil > 0) session.forgetTimer();
    if (isSettled) unsettledUntil = 0;
    const reply = await session.readPrivacy(timeoutMs, onArrival);
    if (reply.kind === 'read' && read > (newest?.read ?? 0)) {
      const before = newest?.known;
      newest = { read, snapshot: reply.snapshot, known: withLastKnown(before, reply.snapshot) };
      onObserved(before, reply.snapshot, { session, leftAt });
    }
    if (reply.kind === 'read' && asOf === generation && isSettled && !isOutdated(read, reply.snapshot)) {
      const readAt = clock();
      const oldestAt = readAt - (reply.timerAgeMs ?? 0);
      latest = { session, generation, snapshot: reply.snapshot, readAt, oldestAt };
    }
    failed = reply.kind === 'read' ? undefined : { read, reply };
    return reply;
  }

  return {
    read,
    current(session, maxAgeMs) {
      if (!latest || !isCurrent(latest, session)) return undefined;
      const now = clock();
      const isTrusted = now - latest.oldestAt <= session.offlineQueue.trustMs();
      return isTrusted && now - latest.readAt <= maxAgeMs ? latest.snapshot : undefined;
    },
    kept: session => (isCurrent(latest, session) ? latest?.snapshot : undefined),
    ageMs,
    pending(session) {
      if (!underWay || !isCurrent(underWay, session)) return undefined;
      return clock() - underWay.sentAt < JOIN_WITHIN_MS ? underWay.reply : undefined;
    },
    readShared(session, timeoutMs) {
      const shared = { session, generation, sentAt: clock(), reply: read(session, timeoutMs) };
      underWay = shared;
      void shared.reply.finally(() => {
        if (underWay === shared) underWay = undefined;
      });
      return shared.reply;
    },
    reads: () => reads,
    shownAfter: count => (newest && newest.read > count ? newest.snapshot : undefined),
    failedAfter: count => (failed && failed.read > count ? failed.reply : undefined),
    invalidate() {
      generation++;
    },
    confirmed(setting, value) {
      confirmations.set(setting, { value, reads });
      underWay = undefined;
      if (latest && reportedValue(latest.snapshot, setting) !== value) latest = undefined;
    },
    unanswered() {
      generation++;
      unansweredCount++;
      unsettledUntil = clock() + UNSETTLED_MS;
    },
    answered() {
      generation++;
      unansweredCount--;
      if (unansweredCount > 0) return;
      unsettledUntil = Math.min(unsettledUntil, clock());
      settling.resolve();
      settling = Promise.withResolvers();
    },
    unsettledForMs: () => Math.max(unsettledUntil - clock(), 0),
    settled: () => (unansweredCount > 0 ? settling.promise : Promise.resolve()),
    disconnected() {
      latest = undefined;
    },
    forget() {
      generation++;
      newest = undefined;
    },
  };
}
