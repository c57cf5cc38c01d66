import type { NoAnswer, SetReply } from '../../instances/account/ports.js';
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

/** The timer of new chats, over one connection. No method rejects. */
export type DisappearingTimer = {
  /** What is known of it, else what WhatsApp says now. */
  read(timeoutMs: number): Promise<TimerReply>;
  /** Changes it; confirmed when a read that left after WhatsApp's answer shows the value. */
  set(value: string, timeoutMs: number): Promise<SetReply>;
  /** It may have changed: the next read asks. */
  forget(): void;
};

/**
 * WhatsApp keeps the timer apart from the settings, so that every read would cost two IQs. It is asked for only where it
 * may have changed: by the first read of a connection, after a push or a change, and where an update names it. Else it
 * is as it was read: a change elsewhere is pushed.
 */
export function disappearingTimer(connection: Pick<Connection, 'sendIQ'>): DisappearingTimer {
  let known: Promise<TimerReply> | undefined;

  function ask(timeoutMs: number): Promise<TimerReply> {
    const reply = connection
      .sendIQ(timerReadStanza(), timeoutMs)
      .then(answer => (answer.kind === 'reply' ? parseTimerReply(answer.node) : noAnswer(answer)));
    known = reply;
    void reply.then(told => {
      if (known === reply && !isLasting(told)) forget();
    });
    return reply;
  }

  function forget() {
    known = undefined;
  }

  return {
    read: timeoutMs => known ?? ask(timeoutMs),

    async set(value, timeoutMs) {
      const until = Date.now() + timeoutMs;
      forget();
      const answer = await connection.sendIQ(timerSetStanza(value), timeoutMs);
      if (answer.kind === 'not_sent') return answer;
      const reply = answer.kind === 'reply' ? parseTimerSetReply(answer.node) : noAnswer(answer);
      // What was asked meanwhile may be older than the change.
      forget();
      if (reply.kind !== 'accepted') return reply;

      const shown = await ask(Math.max(until - Date.now(), 0));
      if (shown.kind === 'no_answer') return shown;
      return shown.kind === 'read' && shown.value === value
        ? { kind: 'confirmed' }
        : { kind: 'no_answer', cause: 'unclear' };
    },

    forget,
  };
}

const noAnswer = ({ kind }: Exclude<IqReply, { kind: 'reply' }>): NoAnswer => ({
  kind: 'no_answer',
  cause: kind === 'timeout' ? 'timeout' : 'closed',
});
