import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { Run } from '../../../faults/support/oracle.js';
import { listsOf, settingsOf } from '../../../faults/support/settings.js';
import { type Answer, update } from '../../../faults/support/updates.js';
import type { Caller } from '../../../support/call.js';
import type { Desk } from '../support/desk.js';
import type { Wish } from '../support/draws.js';
import type { Scene } from '../support/scene.js';

/** One update, asked for until the service had said how it ended. */
export type Asked = {
  readonly desk: Desk;
  readonly requestId: string;
  readonly wish: Wish;
  /** All but the last were lost on the way, with a node or by it, or were given up. */
  readonly calls: number;
  /** What the others ended with. */
  readonly lost: readonly status[];
  /** That of the last call; it may be none, where the test was over before. */
  readonly answer: Answer;
  /** Where in the journal of the account the first and the last call began. */
  readonly from: number;
  readonly lastFrom: number;
  /** Of the only call: what the oracle goes by, beside events and history. */
  readonly happened: Pick<Run, 'before' | 'listsBefore' | 'startTime' | 'answerTime'> & {
    /** Where in the journal. */
    readonly answeredAt: number;
  };
};

/** An account that is updated, and what is known of it. */
export type Track = {
  readonly desk: Desk;
  readonly asked: Asked[];
  /** Since where in the journal a value may be in force or not, as an update has not told its end; undefined when none. */
  openFrom: number | undefined;
};

/** A caller that hears nothing for so much longer than its deadline gives up. */
const GIVE_UP_MS = 3_000;
/** It asks again so much later, with the same request_id. */
const AGAIN_MS = 200;
const PAUSE_MS = 50;

/**
 * Whether the service has said how it ended. The transport says nothing of that, and neither does a service that slept
 * until the caller's time was over.
 */
export const isAnswer = ({ code, outcomes, reason }: Answer): boolean =>
  outcomes !== undefined || (reason !== undefined && code !== status.DEADLINE_EXCEEDED);

/** What one caller asks for, and how. */
export type Order = {
  readonly wishes: Iterable<Wish>;
  /** Whether it asks again when it is told that nobody can do it now. */
  readonly isPatient: boolean;
};

/** Updates an account, one update after another, until `over`. */
export async function keepUpdating(
  scene: Scene,
  client: Caller,
  track: Track,
  { wishes, isPatient }: Order,
  over: AbortSignal,
): Promise<void> {
  const isLast = (answer: Answer) =>
    isPatient ? isAnswer(answer) && answer.code !== status.UNAVAILABLE : isAnswer(answer) || over.aborted;
  for (const wish of wishes) {
    if (over.aborted) return;
    track.asked.push(await ask(scene, client, track, wish, isLast));
    await wait(PAUSE_MS);
  }
}

async function ask(
  { simulator }: Scene,
  client: Caller,
  track: Track,
  wish: Wish,
  isLast: (answer: Answer) => boolean,
): Promise<Asked> {
  const { desk } = track;
  const journal = simulator.journal(desk.phone.phoneNumber);
  const order = { instance: desk.instance, requestId: randomUUID(), ...wish };
  const from = journal.length;
  track.openFrom ??= from;
  const lost: status[] = [];
  for (let calls = 1; ; calls++) {
    const lastFrom = journal.length;
    const [before, listsBefore, startTime] = [settingsOf(desk.phone), listsOf(desk.phone), Date.now()];
    const { deadlineMs } = wish;
    const answer = await update(client, order, {
      deadlineMs,
      signal: AbortSignal.timeout(deadlineMs + GIVE_UP_MS),
    });
    if (isLast(answer)) {
      if (isSettled(answer)) track.openFrom = undefined;
      const answeredAt = journal.length;
      const happened = { before, listsBefore, startTime, answerTime: Date.now(), answeredAt };
      return { desk, requestId: order.requestId, wish, calls, lost, answer, from, lastFrom, happened };
    }
    lost.push(answer.code);
    await wait(AGAIN_MS);
  }
}

/** Whether an answer leaves nothing open. */
const isSettled = ({ outcomes }: Answer): boolean =>
  outcomes?.every(({ state }) => state !== State.UNKNOWN) ?? false;
