import { clock } from '../../domain/time/clock.js';
import type { OnLate, SetReply } from '../../instances/ports/ports.js';
import type { Connection } from '../connection/connection.js';
import type { IqReply } from '../connection/iq.js';
import {
  isLasting,
  parseTimerReply,
  parseTimerSetReply,
  type TimerReply,
  timerReadStanza,
  timerSetStanza,
} from './disappearing-timer-protocol.js';
import { readReplyOf, setReplyOf, UNCLEAR } from './iq-results.js';

/** The timer of new chats, over one connection. No method rejects. */
export type DisappearingTimer = {
  /** What is known of it, else what WhatsApp says now. */
  read(timeoutMs: number): Promise<TimerReply>;
  /** Changes it; confirmed when a read that left after WhatsApp's answer shows the value. */
  set(value: string, timeoutMs: number, onLate?: OnLate): Promise<SetReply>;
  /** It may have changed: the next read asks. */
  forget(): void;
  /** How long ago WhatsApp was asked for what is known of it, in milliseconds. */
  ageMs(): number;
  /** The answer that came last was too late for its read: it serves the next one. */
  keepForNext(): void;
};

/**
 * WhatsApp keeps the timer apart from the settings, so that every read would cost two IQs. It is asked for only where it
 * may have changed: by the first read of a connection, after a push or a change, and where an update names it. Else it
 * is as it was read: a change elsewhere is pushed.
 *
 * @param trustMs How long that can be relied on; 0 while a push may be held back.
 * @param mayAsk Whether a change may be proved by a read of its own.
 */
export function disappearingTimer(
  connection: Pick<Connection, 'sendIQ'>,
  trustMs: () => number,
  mayAsk: () => boolean = () => true,
): DisappearingTimer {
  let known: Promise<TimerReply> | undefined;
  let askedAt = 0;
  let isForNext = false;

  function ask(timeoutMs: number): Promise<TimerReply> {
    askedAt = clock();
    const reply = connection
      .sendIQ(timerReadStanza(), timeoutMs)
      .then(answer => readReplyOf(answer, parseTimerReply));
    known = reply;
    void reply.then(told => {
      if (known === reply && !isLasting(told)) forget();
    });
    return reply;
  }

  function forget() {
    known = undefined;
    isForNext = false;
  }

  /** What is known, where that still counts. */
  function held(): Promise<TimerReply> | undefined {
    const isTrusted = isForNext || clock() - askedAt < trustMs();
    isForNext = false;
    return isTrusted ? known : undefined;
  }

  /** What the answer to a change comes to: one that names no value is proved by a read. */
  async function proved(answer: IqReply, value: string, timeoutMs: number): Promise<SetReply> {
    const reply = setReplyOf(answer, parseTimerSetReply);
    // What was asked meanwhile may be older than the change.
    forget();
    if (reply.kind !== 'accepted') return reply;
    if (!mayAsk()) return UNCLEAR;
    const shown = await ask(timeoutMs);
    if (shown.kind === 'read' && shown.value === value) return { kind: 'confirmed' };
    // The change has its answer: nothing more comes for it.
    const isCutOff = shown.kind === 'no_answer' && shown.cause === 'closed';
    return isCutOff ? shown : UNCLEAR;
  }

  return {
    read: timeoutMs => held() ?? ask(timeoutMs),

    async set(value, timeoutMs, onLate) {
      const until = clock() + timeoutMs;
      forget();
      const answer = await connection.sendIQ(
        timerSetStanza(value),
        timeoutMs,
        onLate && (late => void proved(late, value, LATE_PROOF_MS).then(onLate)),
      );
      return proved(answer, value, Math.max(until - clock(), 0));
    },

    forget,
    ageMs: () => clock() - askedAt,
    keepForNext() {
      isForNext = known !== undefined;
    },
  };
}

/** For the read that proves a change whose answer came late. */
const LATE_PROOF_MS = 10_000;
