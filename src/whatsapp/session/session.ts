import type { BinaryNode } from '@whiskeysockets/baileys';
import { wallTime } from '../../domain/time/wall-time.js';
import { patiently } from '../../instances/account/time-left.js';
import type { LogoutReply, OfflineQueue, Session } from '../../instances/ports/ports.js';
import type { Connection } from '../connection/connection.js';
import type { IqReply } from '../connection/iq.js';
import { errorIn, iqStanza } from '../connection/nodes.js';
import type { WriteQueue } from '../connection/write-queue.js';
import { contactLists } from '../privacy/contact-lists.js';
import type { DisappearingTimer } from '../privacy/disappearing-timer.js';
import { type TimerReply, withTimer } from '../privacy/disappearing-timer-protocol.js';
import { noAnswer, readReplyOf, setReplyOf, UNCLEAR } from '../privacy/iq-results.js';
import {
  parseReadReply,
  parseSetReply,
  readStanza,
  setStanza,
  settableCategory,
} from '../privacy/privacy-protocol.js';
import type { AccountSync } from './account-sync.js';

/** A connection whose login was accepted, as the port's `Session`. `me` is the account's JID with the device. */
export function openSession(
  connection: Connection,
  {
    sync,
    timer,
    queue,
    stored,
    me,
    onLateTimer,
  }: {
    sync: AccountSync;
    timer: DisappearingTimer;
    queue: OfflineQueue;
    stored: WriteQueue;
    me: string;
    /** WhatsApp told the timer after settings had been given without it. */
    onLateTimer: () => void;
  },
): Session {
  let timerPatienceMs = TIMER_PATIENCE_MS;

  /** What is told of the timer before its patience is over: it left with the settings, which wait for it. */
  async function inTime(told: Promise<TimerReply>): Promise<TimerReply> {
    const reply = await patiently(timerPatienceMs, told);
    if (reply) return reply;
    timerPatienceMs = IMPATIENCE_MS;
    void told.then(late => {
      if (late.kind !== 'read') return;
      timerPatienceMs = TIMER_PATIENCE_MS;
      timer.keepForNext();
      onLateTimer();
    });
    return noAnswer('timeout');
  }

  async function close() {
    await connection.close();
    await stored.finish();
  }
  return {
    // What was written last must be readable to the next connection.
    ended: connection.ended.then(async disconnect => {
      await stored.finish();
      return disconnect;
    }),

    async readPrivacy(timeoutMs, onArrival) {
      // Clearing a mark that came while the answer was under way would lose a change.
      const { mark } = sync;
      const asked = connection.sendIQ(readStanza(), timeoutMs, undefined, onArrival);
      const told = timer.read(timeoutMs);
      const timerAgeMs = timer.ageMs();
      const reply = readReplyOf(await asked, node => parseReadReply(node, wallTime()));
      if (reply.kind !== 'read') return reply;
      if (mark !== undefined) sync.clear(mark);
      return { kind: 'read', snapshot: withTimer(reply.snapshot, await inTime(told)), timerAgeMs };
    },

    offlineQueue: queue,

    forgetTimer: timer.forget,
    tellPresence: connection.tellPresence,

    async setPrivacy(setting, value, timeoutMs, onLate, onArrival) {
      if (setting === 'default_disappearing_timer') return timer.set(value, timeoutMs, onLate);
      const category = settableCategory(setting);
      if (category === undefined) return { kind: 'not_sent' };
      const replyOf = (answer: IqReply) => setReplyOf(answer, node => parseSetReply(node, category, value));
      const stanza = setStanza(category, value);
      const late = onLate && ((answer: IqReply) => onLate(replyOf(answer)));
      return replyOf(await connection.sendIQ(stanza, timeoutMs, late, onArrival));
    },

    ...contactLists(connection),

    async logout(timeoutMs) {
      const answer = await connection.sendIQ(logoutStanza(me), timeoutMs);
      // WhatsApp may cut the device off before it answers.
      const isCutOff = answer.kind === 'closed' && (await connection.ended).code === 401;
      await close();
      return isCutOff ? { kind: 'confirmed' } : readReplyOf(answer, parseLogoutReply);
    },

    close,
  };
}

/** How long settings wait for the timer: without it they have another etag. */
const TIMER_PATIENCE_MS = 3_000;
/** The same on a connection over which WhatsApp has not told it in time. */
const IMPATIENCE_MS = 250;

function parseLogoutReply(node: BinaryNode): LogoutReply {
  if (node.attrs['type'] === 'result') return { kind: 'confirmed' };
  const code = errorIn(node)?.code;
  return { ...UNCLEAR, ...(code !== undefined && { code }) };
}

/** As WhatsApp Web's "Log out" sends it. */
const logoutStanza = (jid: string): BinaryNode =>
  iqStanza('set', 'md', { tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } });
