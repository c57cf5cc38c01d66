import type { BinaryNode } from '@whiskeysockets/baileys';
import type { NoAnswer, Session } from '../../instances/account/ports.js';
import type { Connection } from '../connection/connection.js';
import { SERVER } from '../connection/nodes.js';
import type { WriteQueue } from '../connection/write-queue.js';
import { contactLists } from '../privacy/contact-lists.js';
import type { DisappearingTimer } from '../privacy/disappearing-timer.js';
import { type TimerReply, withTimer } from '../privacy/disappearing-timer-protocol.js';
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
    stored,
    me,
  }: { sync: AccountSync; timer: DisappearingTimer; stored: WriteQueue; me: string },
): Session {
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

    async readPrivacy(timeoutMs) {
      // Clearing a mark that came while the answer was under way would lose a change.
      const { mark } = sync;
      const asked = connection.sendIQ(readStanza(), timeoutMs);
      const told = timer.read(timeoutMs);
      const answer = await asked;
      if (answer.kind === 'not_sent') return noAnswer('closed');
      if (answer.kind !== 'reply') return noAnswer(answer.kind);
      const reply = parseReadReply(answer.node, new Date());
      if (reply.kind !== 'read') return reply;
      if (mark !== undefined) sync.clear(mark);
      return { kind: 'read', snapshot: withTimer(reply.snapshot, await inTime(told)) };
    },

    forgetTimer: timer.forget,

    async setPrivacy(setting, value, timeoutMs) {
      if (setting === 'default_disappearing_timer') return timer.set(value, timeoutMs);
      const category = settableCategory(setting);
      if (category === undefined) return { kind: 'not_sent' };
      const answer = await connection.sendIQ(setStanza(category, value), timeoutMs);
      if (answer.kind === 'not_sent') return answer;
      if (answer.kind !== 'reply') return noAnswer(answer.kind);
      return parseSetReply(answer.node, category, value);
    },

    ...contactLists(connection),

    async logout(timeoutMs) {
      const answer = await connection.sendIQ(logoutStanza(me), timeoutMs);
      const isResult = answer.kind === 'reply' && answer.node.attrs['type'] === 'result';
      // WhatsApp may cut the device off before it answers.
      const isCutOff = answer.kind === 'closed' && (await connection.ended).code === 401;
      await close();
      return isResult || isCutOff;
    },

    close,
  };
}

/** What is told of the timer soon enough not to keep the settings waiting: it left with them. */
function inTime(told: Promise<TimerReply>): Promise<TimerReply> {
  return new Promise(resolve => {
    const late = setTimeout(() => resolve(noAnswer('timeout')), TIMER_PATIENCE_MS);
    void told.then(reply => {
      clearTimeout(late);
      resolve(reply);
    });
  });
}

const TIMER_PATIENCE_MS = 250;

const noAnswer = (cause: NoAnswer['cause']): NoAnswer => ({ kind: 'no_answer', cause });

/** As WhatsApp Web's "Log out" sends it. */
const logoutStanza = (jid: string): BinaryNode => ({
  tag: 'iq',
  attrs: { to: SERVER, type: 'set', xmlns: 'md' },
  content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }],
});
